// SPDX-License-Identifier: Apache-2.0
//
// Package tap writes the Test Anything Protocol, version 13. It offers the functions that the validation
// programs of opencontainers/runtime-tools call, because Debian does not package the module they import.
// The build script puts it at that module's import path.
package tap

import (
	"encoding/json"
	"fmt"
)

// T counts the checks of one program. A copy made by Todo shares the count.
type T struct {
	count *int
	todo  bool
}

// New returns a T that has printed nothing yet.
func New() *T { return &T{count: new(int)} }

// Header announces the protocol, and the number of checks when it is known (above 0).
func (t *T) Header(planned int) {
	fmt.Println("TAP version 13")
	if planned > 0 {
		fmt.Printf("1..%d\n", planned)
	}
}

// Todo returns a T whose failures are announced as known gaps of the program.
func (t *T) Todo() *T { return &T{count: t.count, todo: true} }

// Ok prints one check.
func (t *T) Ok(passed bool, description string) {
	verdict := "ok"
	if !passed {
		verdict = "not ok"
	}
	if t.todo {
		description = "# TODO " + description
	}
	*t.count++
	fmt.Printf("%s %d - %s\n", verdict, *t.count, description)
}

// Pass and Fail print one check whose result the caller knows.
func (t *T) Pass(description string) { t.Ok(true, description) }
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip prints n checks that were not made.
func (t *T) Skip(n int, reason string) {
	for ; n > 0; n-- {
		*t.count++
		fmt.Printf("ok %d # SKIP %s\n", *t.count, reason)
	}
}

// AutoPlan ends a program that did not announce the number of its checks.
func (t *T) AutoPlan() { fmt.Printf("1..%d\n", *t.count) }

// Diagnostic and Diagnosticf print a comment.
func (t *T) Diagnostic(message string)            { fmt.Printf("# %s\n", message) }
func (t *T) Diagnosticf(format string, a ...any) { t.Diagnostic(fmt.Sprintf(format, a...)) }

// YAML prints details of the check before it. JSON is YAML, and one line of it can't be mistaken for a check.
func (t *T) YAML(details any) error {
	text, err := json.Marshal(details)
	if err == nil {
		fmt.Printf("  ---\n  %s\n  ...\n", text)
	}
	return err
}
