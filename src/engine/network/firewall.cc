// SPDX-License-Identifier: Apache-2.0
// Messages to nftables.
#include "engine/network/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "engine/run/engine.h"
#include "estiva/base/process.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using net::Payload;
using net::Request;

constexpr char kNft[] = "nft";
constexpr int64_t kPatience = 30;  // seconds

uint16_t message(int type) { return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type); }

struct nfgenmsg inet_header() {
  struct nfgenmsg header = {};
  header.nfgen_family = NFPROTO_INET;
  header.version = NFNETLINK_V0;
  return header;
}

std::string batch_mark(uint16_t type) {
  struct nfgenmsg header = {};
  header.version = NFNETLINK_V0;
  header.res_id = htons(NFNL_SUBSYS_NFTABLES);
  return Request(type, 0, header).bytes();
}

// Each part of a concatenation takes four bytes.
std::string port_bytes(uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port & 255), 0, 0};
}

Payload value(const std::string& bytes) {
  Payload out;
  out.add(NFTA_DATA_VALUE, bytes);
  return out;
}

Payload element(Change change, const Forward& forward) {
  std::string key =
      forward.at + std::string{static_cast<char>(forward.protocol), 0, 0, 0} + port_bytes(forward.port);
  Payload out;
  out.add_nested(NFTA_SET_ELEM_KEY, value(key));
  if (change == Change::kAdd)
    out.add_nested(NFTA_SET_ELEM_DATA, value(forward.to + port_bytes(forward.to_port)));
  return out;
}

// By family, and whether the key has an address.
const char* map_of(const Forward& forward) {
  if (forward.is_v6()) return forward.at.empty() ? "published_v6" : "published_v6_at";
  return forward.at.empty() ? "published" : "published_at";
}

// The elements of one map in one message, or no message.
void append_message(std::vector<Request>& out, const std::string& table, Change change,
                    std::span<const Forward> forwards, const std::string& map) {
  Payload elements;
  bool any = false;
  for (const Forward& each : forwards) {
    if (map_of(each) != map) continue;
    elements.add_nested(NFTA_LIST_ELEM, element(change, each));
    any = true;
  }
  if (!any) return;
  const bool adds = change == Change::kAdd;
  Request request(message(adds ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM), adds ? NLM_F_CREATE : 0u,
                  inet_header());
  request.add_text(NFTA_SET_ELEM_LIST_TABLE, table);
  request.add_text(NFTA_SET_ELEM_LIST_SET, map);
  request.add_nested(NFTA_SET_ELEM_LIST_ELEMENTS, elements);
  out.push_back(std::move(request));
}

}  // namespace

std::string change_batch(const std::string& table, Change change, std::span<const Forward> forwards) {
  std::vector<Request> messages;
  for (const char* map : {"published", "published_at", "published_v6", "published_v6_at"})
    append_message(messages, table, change, forwards, map);
  if (messages.empty()) return "";
  messages.back().acknowledge();
  std::string out = batch_mark(NFNL_MSG_BATCH_BEGIN);
  for (Request& each : messages) out += each.bytes();
  return out + batch_mark(NFNL_MSG_BATCH_END);
}

Result<Firewall> Firewall::open(const NetworkNames& names) {
  return Firewall(
      names,
      TRY(net::NetlinkSocket::open(NETLINK_NETFILTER).context([] { return std::string("nftables"); })));
}

Result<bool> Firewall::exists() {
  Request request(message(NFT_MSG_GETTABLE), NLM_F_ACK, inet_header());
  request.add_text(NFTA_TABLE_NAME, names_.table);
  Result<std::vector<std::string>> answers = socket_.ask(std::move(request));
  if (answers.ok()) return true;
  if (answers.error().errnum() == ENOENT) return false;
  return Error(std::move(answers).error()).context("nftables");
}

Result<void> Firewall::make(const Subnet& subnet, const std::string& subnet_v6, FdView lock) {
  process::Command command;
  const std::optional<std::string> nft = find_in_path(kNft);
  if (!nft)
    return Error(Code::kNotFound, "the bridge network needs nft, which is not in PATH")
        .hint("install the package nftables, or use --network host or none");
  command.path = *nft;
  command.args = {command.path, "-f", "-"};
  command.env = environment();
  command.input = firewall_script(names_, subnet, subnet_v6);
  command.timeout_s = kPatience;
  command.lock = lock;
  Result<void> made =
      process::run(command).context([] { return std::string("rules of the bridge network"); });
  if (made.ok()) return {};
  return Error(std::move(made).error())
      .hint("the kernel needs nf_tables with nat, fib and masquerading; --network host does without");
}

Result<void> Firewall::add(std::span<const Forward> forwards) {
  if (forwards.empty()) return {};
  const std::string batch = change_batch(names_.table, Change::kAdd, forwards);
  Result<std::vector<std::string>> done = socket_.ask_bytes(batch);
  if (!done.ok() && done.error().errnum() == EEXIST) {
    TRY(remove(forwards));
    done = socket_.ask_bytes(batch);
  }
  TRY(std::move(done).context([] { return std::string("nftables: published ports"); }));
  return {};
}

Result<void> Firewall::remove(std::span<const Forward> forwards) {
  for (const Forward& each : forwards) {
    Result<std::vector<std::string>> done =
        socket_.ask_bytes(change_batch(names_.table, Change::kRemove, {&each, 1}));
    if (done.ok() || done.error().errnum() == ENOENT) continue;
    return Error(std::move(done).error()).context("nftables: published ports");
  }
  return {};
}

}  // namespace estiva::engine
