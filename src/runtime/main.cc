// SPDX-License-Identifier: Apache-2.0
// Entry of estiva.
int main() { return 0; }
