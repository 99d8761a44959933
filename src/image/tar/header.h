// SPDX-License-Identifier: Apache-2.0
// The 512 bytes of a tar header in their dialects: V7, ustar, GNU, star. Bytes come from strangers.
#pragma once

#include <string_view>

#include "estiva/base/error.h"
#include "image/tar/entry.h"

namespace estiva::image::tar {

struct Header {
  char type = 0;
  bool has_sparse_map = false;    // GNU 'S'
  bool sparse_continues = false;  // more of the map follows the header
  Entry entry;                    // kind is not yet set
};

bool is_zero(std::string_view block);
// What is wrong is said by rule: "the checksum of its header is wrong".
Result<Header> read_header(std::string_view block);
// The map's part in a block that continues one: 21 extents. True if another such block follows.
Result<bool> read_sparse_block(std::string_view block, std::vector<Extent>& extents);

// A number field: octal with odd padding, or base 256 where the first bit is set. Negative numbers are possible there.
Result<int64_t> read_number(std::string_view field, std::string_view what);

}  // namespace estiva::image::tar
