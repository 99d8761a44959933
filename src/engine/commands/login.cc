// SPDX-License-Identifier: Apache-2.0
// cais login: credentials into docker's file or helper, after the registry took them. A password is read from a
// terminal without echo or from standard input, never from the command line, which every user of the machine can read.
#include <termios.h>

#include "engine/commands/command.h"
#include "engine/registry_flags.h"
#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"

namespace estiva::engine {

namespace {

constexpr size_t kMaxSecret = 64 * 1024;

struct LoginOptions : RegistryFlags {
  std::string user;
  bool password_stdin = false;
};

using L = LoginOptions;
constexpr Option kLoginRows[] = {
    options::row<&L::user>('u', "username", "USER", "the user name; asked for if not given"),
    options::row<&L::password_stdin>(0, "password-stdin", nullptr, "read the password from standard input"),
    registry_rows::kRetry,
    registry_rows::kRetryDelay,
    registry_rows::kTimeout,
};

// Up to the end of a line; the bytes come one at a time so that nothing behind it is taken.
Result<std::string> read_line() {
  std::string line;
  char c = 0;
  while (TRY(sys::read(FdView::of_number(0), &c, 1)) == 1 && c != '\n') {
    line += c;
    if (line.size() > kMaxSecret) return Error(Code::kInvalid, "the line is too long");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<std::string> ask_user() {
  TRY(sys::write_all(FdView::of_number(2), "Username: "));
  return read_line();
}

Result<std::string> ask_password() {
  const FdView terminal = FdView::of_number(0);
  const struct termios before = TRY(sys::tty_attributes(terminal));
  struct termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  TRY(sys::write_all(FdView::of_number(2), "Password: "));
  TRY(sys::tty_set_attributes(terminal, silent));
  const Undo restore([&] {
    (void)sys::tty_set_attributes(terminal, before);
    (void)sys::write_all(FdView::of_number(2), "\n");
  });
  return read_line();
}

Result<image::Credential> read_credential(const LoginOptions& options) {
  image::Credential credential{options.user, ""};
  const bool terminal = sys::tty_attributes(FdView::of_number(0)).ok();
  if (options.password_stdin) {
    if (options.user.empty()) return Error(Code::kInvalid, "--password-stdin needs --username");
    credential.secret = TRY(files::read_fd(FdView::of_number(0), kMaxSecret));
    while (credential.secret.ends_with('\n') || credential.secret.ends_with('\r'))
      credential.secret.pop_back();
  } else if (!terminal) {
    return Error(Code::kInvalid, "standard input is no terminal")
        .hint("--username USER --password-stdin reads it from there");
  } else {
    if (credential.user.empty()) credential.user = TRY(ask_user());
    credential.secret = TRY(ask_password());
  }
  if (credential.user.empty()) return Error(Code::kInvalid, "the user name is empty");
  if (credential.user.find(':') != std::string::npos)
    return Error(Code::kInvalid, "a user name has no colon");
  if (credential.secret.empty()) return Error(Code::kInvalid, "the password is empty");
  return credential;
}

Result<int> login(Invocation& in) {
  LoginOptions options;
  const std::vector<std::string> operands = TRY(parse_operands(kLogin, &options, in, 0, 1));
  const std::string host = TRY(registry_host(operands));
  const image::Credential credential = TRY(read_credential(options));
  const std::unique_ptr<image::Client> client = TRY(make_client(options));
  const image::Endpoint endpoint{host, "", client->rules().transport_of(host)};
  TRY(client->check_login(endpoint, credential));
  const std::string place = TRY(client->credentials().store(host, credential));
  in.log.debug(text::cat("credentials for ", host, " are in ", place));
  TRY(print("Login Succeeded\n"));
  return 0;
}

}  // namespace

const Command kLogin = {"login", "[REGISTRY]", "log in to a registry and keep the login", kLoginRows, login};

}  // namespace estiva::engine
