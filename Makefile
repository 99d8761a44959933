# SPDX-License-Identifier: Apache-2.0
# The whole build on one page: sources are found by folder, so a new file needs no edit here.
#   BUILD=DIR   where everything that is made goes (default: build)
#   CONFIG=DIR  where config.mk is (default: here); a second configuration lives in a directory of its own:
#               mkdir -p build/asan && (cd build/asan && ../../configure --enable-sanitizers)
#               make CONFIG=build/asan BUILD=build/asan
#   V=1         print whole command lines

BUILD ?= build
CONFIG ?= .
FUZZ_SECONDS ?= 20

Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $@')

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

.PHONY: all
all: programs man

# These work in a tree that was never configured.
unconfigured := clean distclean help lint format
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(unconfigured),$(MAKECMDGOALS)),all),)
include $(CONFIG)/config.mk
endif

$(CONFIG)/config.mk: configure config.mk.in config.h.in
	@if [ -f $(CONFIG)/config.status ]; then \
	  cd $(CONFIG) && ./config.status --recheck && ./config.status; \
	else \
	  mkdir -p $(CONFIG) && cd $(CONFIG) && $(CURDIR)/configure; \
	fi
$(CONFIG)/config.h: $(CONFIG)/config.mk ;

configure: configure.ac
	@command -v autoconf >/dev/null || { echo "autoconf is missing: contrib/setup build installs it" >&2; exit 1; }
	autoconf

# ---- sources

find_cc = $(if $(wildcard $(1)),$(sort $(shell find $(1) -name '*.cc')))
base_src := $(call find_cc,src/base)
spec_src := $(call find_cc,src/spec)
runtime_src := $(call find_cc,src/runtime)
# Without cais (configure says why) its sources, its tests and its fuzz targets do not exist.
cais_src := $(if $(WITH_CAIS),$(call find_cc,src/image) $(call find_cc,src/engine))
shim_src := $(if $(WITH_CAIS),$(call find_cc,src/shim))
unit_src := $(filter-out $(if $(WITH_CAIS),,tests/unit/image/% tests/unit/engine/%),$(call find_cc,tests/unit))
fuzz_src := $(filter-out $(if $(WITH_CAIS),,tests/fuzz/image_%),$(wildcard tests/fuzz/*.cc))
helper_src := $(wildcard tests/integration/programs/*.c tests/fault/*.c contrib/*.c)

objects = $(patsubst %.cc,$(BUILD)/obj/%.o,$(1))
program_objs := $(call objects,$(base_src) $(spec_src) $(runtime_src))
# The default seccomp profile, built in.
seccomp_obj := $(if $(WITH_CAIS),$(BUILD)/obj/default_seccomp.o)
cais_objs := $(call objects,$(base_src) $(spec_src) $(cais_src)) $(seccomp_obj)
shim_objs := $(call objects,$(base_src) $(shim_src))
library_src := $(filter-out %/main.cc,$(base_src) $(spec_src) $(runtime_src) $(cais_src) $(shim_src))
library_objs := $(call objects,$(library_src)) $(seccomp_obj)
unit_objs := $(call objects,$(unit_src))
helpers := $(patsubst tests/integration/programs/%.c,$(BUILD)/tests/programs/%,\
             $(patsubst tests/fault/%.c,$(BUILD)/tests/fault/%,\
               $(patsubst contrib/%.c,$(BUILD)/contrib/%,$(helper_src))))
man_pages := $(patsubst man/%.md,$(BUILD)/man/%,$(wildcard man/*.[1-9].md))

# ---- flags

all_cppflags = -Iinclude -Isrc -I$(CONFIG) -D_GNU_SOURCE $(LIB_CFLAGS) $(CPPFLAGS)
cxx_common = -std=c++20 -fPIE -ffunction-sections -fdata-sections $(WARNINGS) -MMD -MP
# Nothing unwinds: without the tables the program, and so the memory of each command, is smaller.
no_unwinding = -fno-exceptions $(if $(INSTRUMENT),,-fno-asynchronous-unwind-tables)
all_cxxflags = $(all_cppflags) $(cxx_common) $(no_unwinding) -fno-rtti $(HARDENING) $(INSTRUMENT) $(COPIES) $(LTO) $(CXXFLAGS)
# Layers go through cais at a gigabyte a second: its own loops are worth their size.
$(BUILD)/obj/src/image/%.o: optimise = $(if $(INSTRUMENT),,-O2)
all_ldflags = -Wl,--gc-sections $(HARDENING_LDFLAGS) $(INSTRUMENT) $(COPIES) $(LTO) $(LDFLAGS)
# GoogleTest throws and uses run-time types, so the test files (only they) may; -Wundef and friends meet its macros.
unit_cxxflags = $(all_cppflags) -Itests/unit $(cxx_common) $(GTEST_CFLAGS) $(INSTRUMENT) $(CXXFLAGS)
# Their headers cost more than the tests do. Where clang is, it reads those once (g++'s precompiled headers save nothing);
# not with link-time optimisation, which loses what only clang's objects refer to.
ifneq ($(if $(INSTRUMENT)$(LTO),,$(FUZZ_CXX)),)
unit_cxx = $(FUZZ_CXX) -O0 -Wno-unknown-warning-option -Xclang -fno-pch-timestamp
unit_headers := $(BUILD)/obj/tests/unit/headers.pch
else
unit_cxx = $(CXX)
endif
fuzz_cxxflags = $(all_cppflags) -Itests/unit $(CAIS_CFLAGS) -std=c++20 -O1 -g -fno-exceptions -fno-rtti -fno-omit-frame-pointer \
  -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -MMD -MP
helper_cflags = -O2 -Wall -Wextra -D_GNU_SOURCE -static

# A stamp holds a command line and changes only with it: what depends on the stamp is made again when flags,
# compilers, libraries or the list of sources change.
.PHONY: force
force:
$(BUILD)/stamp/%: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(stamp_text)' | cmp -s - $@ || printf '%s\n' '$(stamp_text)' >$@
$(BUILD)/stamp/compile: stamp_text = $(CXX) $(all_cxxflags)
$(BUILD)/stamp/link: stamp_text = $(CXX) $(all_ldflags) $(PROGRAM_LDFLAGS) $(program_objs) $(LIBS)
$(BUILD)/stamp/cais: stamp_text = $(CXX) $(all_ldflags) $(cais_objs) $(CAIS_LIBS)
$(BUILD)/stamp/shim: stamp_text = $(CXX) $(all_ldflags) $(PROGRAM_LDFLAGS) $(shim_objs) $(LIBS)
$(BUILD)/stamp/unit: stamp_text = $(unit_cxx) $(unit_cxxflags) $(all_ldflags) $(unit_objs) $(library_objs) $(LIBS) $(CAIS_LIBS) $(GTEST_LIBS)
$(BUILD)/stamp/fuzz: stamp_text = $(FUZZ_CXX) $(fuzz_cxxflags) $(fuzz_library) $(LIBS) $(CAIS_LIBS)
$(BUILD)/stamp/helpers: stamp_text = $(CC) $(helper_cflags)

# ---- programs

.PHONY: programs
programs: $(BUILD)/estiva $(if $(WITH_CAIS),$(BUILD)/cais $(BUILD)/cais-shim)

$(BUILD)/obj/src/%.o: src/%.cc $(BUILD)/stamp/compile
	@mkdir -p $(@D)
	$(call say,CXX )
	$(Q)$(CXX) $(all_cxxflags) $(optimise) -c $< -o $@

$(BUILD)/obj/default_seccomp.cc: contrib/seccomp/default.json
	@mkdir -p $(@D)
	$(Q){ echo '#include "engine/spec/seccomp.h"' && printf 'const std::string_view estiva::engine::kDefaultSeccomp = R"json(' && \
	  cat $< && echo ')json";'; } >$@

$(BUILD)/obj/default_seccomp.o: $(BUILD)/obj/default_seccomp.cc $(BUILD)/stamp/compile
	$(call say,CXX )
	$(Q)$(CXX) $(all_cxxflags) -c $< -o $@

$(BUILD)/estiva: $(program_objs) src/rare.ld $(BUILD)/stamp/link
	$(call say,LINK)
	$(Q)$(CXX) $(all_ldflags) $(PROGRAM_LDFLAGS) $(program_objs) $(LIBS) -o $@

$(BUILD)/cais: $(cais_objs) $(BUILD)/stamp/cais
	$(call say,LINK)
	$(Q)$(CXX) $(all_ldflags) -pie $(cais_objs) $(CAIS_LIBS) -o $@

$(BUILD)/cais-shim: $(shim_objs) src/rare.ld $(BUILD)/stamp/shim
	$(call say,LINK)
	$(Q)$(CXX) $(all_ldflags) $(PROGRAM_LDFLAGS) $(shim_objs) $(LIBS) -o $@

# ---- tests

$(BUILD)/obj/tests/unit/%.o: tests/unit/%.cc $(BUILD)/stamp/unit $(unit_headers)
	@mkdir -p $(@D)
	$(call say,CXX )
	$(Q)$(unit_cxx) $(unit_cxxflags) $(addprefix -include-pch ,$(unit_headers)) -c $< -o $@

$(unit_headers): tests/unit/headers.h $(BUILD)/stamp/unit
	@mkdir -p $(@D)
	$(call say,CXX )
	$(Q)$(unit_cxx) $(unit_cxxflags) -x c++-header -c $< -o $@

$(BUILD)/tests/unit: $(unit_objs) $(library_objs) $(BUILD)/stamp/unit
	@[ "$(HAVE_GTEST)" = yes ] || \
	  { echo "GoogleTest is missing: contrib/setup test installs it, then run ./configure again" >&2; exit 1; }
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CXX) $(all_ldflags) -pie $(unit_objs) $(library_objs) $(LIBS) $(CAIS_LIBS) $(GTEST_LIBS) -o $@

define helper_rule
$$(BUILD)/$(1)/%: $(2)/%.c $$(BUILD)/stamp/helpers
	@mkdir -p $$(@D)
	$$(call say,CC  )
	$$(Q)$$(CC) $$(helper_cflags) -MMD -MP -MF $$@.d $$< -o $$@
endef
$(eval $(call helper_rule,tests/programs,tests/integration/programs))
$(eval $(call helper_rule,tests/fault,tests/fault))
$(eval $(call helper_rule,contrib,contrib))

.PHONY: check check-unit check-integration check-image check-tutorial check-security check-vm test-programs
check: check-unit check-integration $(if $(WITH_CAIS),check-image)
test-programs: programs $(helpers)

check-unit: $(BUILD)/tests/unit
	$(BUILD)/tests/unit $(GTEST_ARGS)

test_env = BUILD='$(abspath $(BUILD))' RUNTIME='$(or $(RUNTIME),$(abspath $(BUILD))/estiva)'
check-integration: test-programs
	@command -v bats >/dev/null || { echo "bats is missing: contrib/setup test installs it" >&2; exit 1; }
	$(test_env) bats $(or $(BATS_FILES),tests/integration)

# Registries and images, in network namespaces of the tests' own.
check-image: programs
	@command -v bats >/dev/null || { echo "bats is missing: contrib/setup test installs it" >&2; exit 1; }
	$(test_env) bats $(or $(BATS_FILES),tests/image)

# The tutorial, typed at a terminal: from the first pull to commit, stop and diff.
check-tutorial: programs
	$(test_env) tests/tutorial/run

check-security:
	$(MAKE) check-integration BATS_FILES='$(wildcard tests/integration/security_*.bats)'
	$(if $(WITH_CAIS),$(MAKE) check-image BATS_FILES='$(wildcard tests/image/security_*.bats)')

# VM_DIR keeps the machines elsewhere, for several builds; VM_ARGS goes to tests/vm/run.
check-vm: test-programs
	$(test_env) contrib/vm/build
	$(test_env) tests/vm/run $(VM_ARGS)

.PHONY: lint format tidy bench bench-images bench-engine fuzz fuzz-programs
lint:
	contrib/lint

format:
	contrib/lint --format

tidy: $(patsubst %.cc,$(BUILD)/tidy/%.ok,$(base_src) $(spec_src) $(runtime_src) $(cais_src) $(shim_src))
# After the object, which knows the headers.
$(BUILD)/tidy/%.ok: %.cc $(BUILD)/obj/%.o .clang-tidy
	@[ -n "$(CLANG_TIDY)" ] || { echo "clang-tidy is missing: contrib/setup full installs it" >&2; exit 1; }
	@mkdir -p $(@D)
	$(call say,TIDY)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(all_cppflags) -std=c++20 -fno-exceptions -fno-rtti 2>/dev/null
	@touch $@

bench: programs $(BUILD)/bench/filter_cost
	$(test_env) bench/run $(BENCH_ARGS)

# cais beside docker, podman, skopeo and umoci; the image is made once, from Debian's archive.
bench-images: programs
	$(test_env) bench/images $(BENCH_ARGS)

# cais beside docker and podman: run, ps, many at once.
bench-engine: programs
	$(test_env) bench/engine $(BENCH_ARGS)

# What the runtime does in its own process, measured from inside.
$(BUILD)/bench/filter_cost: bench/filter_cost.cc $(filter-out %/main.o,$(program_objs)) $(BUILD)/stamp/link
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CXX) $(all_cxxflags) $(all_ldflags) $(PROGRAM_LDFLAGS) $(filter %.cc %.o,$^) $(LIBS) -o $@

# ---- fuzzing: the readers of foreign bytes again, by clang, in an object folder of their own

fuzz_library := $(base_src) $(spec_src) $(filter src/image/%,$(cais_src)) $(wildcard src/runtime/plan/seccomp_*.cc) \
  src/runtime/plan/annotations.cc src/runtime/plan/pointer.cc src/runtime/parent/libseccomp.cc \
  src/runtime/sync/protocol.cc
fuzz_objs := $(patsubst %.cc,$(BUILD)/fuzz/obj/%.o,$(fuzz_library))
fuzz_programs := $(patsubst tests/fuzz/%.cc,$(BUILD)/fuzz/%,$(fuzz_src))

$(BUILD)/fuzz/obj/%.o: %.cc $(BUILD)/stamp/fuzz
	@[ -n "$(FUZZ_CXX)" ] || { echo "clang++ is missing: contrib/setup test installs it" >&2; exit 1; }
	@mkdir -p $(@D)
	$(call say,CXX )
	$(Q)$(FUZZ_CXX) $(fuzz_cxxflags) -c $< -o $@

$(fuzz_programs): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(fuzz_objs)
	$(call say,LINK)
	$(Q)$(FUZZ_CXX) -fsanitize=fuzzer,address,undefined $^ $(LIBS) $(CAIS_LIBS) -o $@
.SECONDARY: $(patsubst %.cc,$(BUILD)/fuzz/obj/%.o,$(fuzz_src))

fuzz-programs: $(fuzz_programs)
fuzz: fuzz-programs
	BUILD='$(abspath $(BUILD))' FUZZ_SECONDS='$(FUZZ_SECONDS)' contrib/fuzz

# ---- man pages and installation

.PHONY: man install install-files clean distclean help
ifneq ($(LOWDOWN),)
man: $(man_pages)
else
man:
	@[ -z "$(man_pages)" ] || echo "lowdown is missing, so the man pages are not made: contrib/setup build installs it"
endif

$(BUILD)/man/%: man/%.md $(CONFIG)/config.mk
	@mkdir -p $(@D)
	$(call say,MAN )
	$(Q)$(LOWDOWN) -s -Tman --out-no-smarty -M title="$(basename $*)" -M section="$(patsubst .%,%,$(suffix $*))" \
	  -M source="Estiva $(PACKAGE_VERSION)" -o $@ $<

INSTALL ?= install
install: all
	@$(MAKE) --no-print-directory install-files
# What is made already.
install-files: $(if $(LOWDOWN),$(man_pages))
	$(INSTALL) -d '$(DESTDIR)$(bindir)'
	$(INSTALL) -m 755 $(BUILD)/estiva $(if $(WITH_CAIS),$(BUILD)/cais $(BUILD)/cais-shim) '$(DESTDIR)$(bindir)/'
	for page in $(if $(LOWDOWN),$(man_pages)); do \
	  $(INSTALL) -D -m 644 $$page '$(DESTDIR)$(mandir)'/man$${page##*.}/$${page##*/} || exit 1; done
	for program in estiva $(if $(WITH_CAIS),cais); do \
	  $(INSTALL) -D -m 644 contrib/completions/bash/estiva "$(DESTDIR)$(datadir)/bash-completion/completions/$$program" && \
	  $(INSTALL) -D -m 644 contrib/completions/fish/estiva.fish "$(DESTDIR)$(datadir)/fish/vendor_completions.d/$$program.fish" || exit 1; done
	$(INSTALL) -D -m 644 contrib/completions/zsh/_estiva '$(DESTDIR)$(datadir)/zsh/site-functions/_estiva'

clean:
	rm -rf -- '$(BUILD)'
distclean: clean
	rm -rf -- autom4te.cache config.h config.log config.mk config.status configure configure~

help:
	@echo 'make                    build everything into $(BUILD)/ (BUILD=DIR: elsewhere)'
	@echo 'make check              check-unit, check-integration and check-image (the latter two as root)'
	@echo 'make check-unit         GTEST_ARGS=--gtest_filter=Fd.* runs a part'
	@echo 'make check-integration  BATS_FILES=tests/integration/mounts.bats runs a part; RUNTIME=/usr/sbin/runc another runtime'
	@echo 'make check-image        cais with registries, in network namespaces, as root; BATS_FILES as above'
	@echo 'make check-tutorial     the commands of docs/tutorial.md and README.md, typed at a terminal, as root'
	@echo 'make check-security     the known attacks of docs/security-tests.md, as root'
	@echo 'make check-vm           tests in throw-away machines (docs/vm-lab.md), as root; VM_ARGS="--guest old FILE"'
	@echo 'make lint               the laws of CONTRIBUTING.md'
	@echo 'make format             clang-format, in place'
	@echo 'make tidy               clang-tidy'
	@echo 'make fuzz               FUZZ_SECONDS=20 for each target'
	@echo 'make bench              the comparison with other runtimes'
	@echo 'make bench-images       cais beside docker, podman, skopeo and umoci; BENCH_ARGS=--small to try it'
	@echo 'make bench-engine       cais beside docker and podman: run, ps, many at once; BENCH_ARGS=--quick to try it'
	@echo 'make install            DESTDIR, and the directories given to ./configure'
	@echo 'make clean, distclean   remove what make made; what configure made too'

-include $(patsubst %.o,%.d,$(program_objs) $(cais_objs) $(shim_objs) $(unit_objs) $(fuzz_objs)) \
  $(patsubst tests/fuzz/%.cc,$(BUILD)/fuzz/obj/tests/fuzz/%.d,$(fuzz_src)) $(addsuffix .d,$(helpers))
