# make demo    see the main job happen on a real npm install
# make test    everything: lint, unit tests, end to end, the demo
#
# Binaries are cmd/st-*/main.go, man pages are man/*.1 and man/*.5; a new one needs no edit here.

SHELL   := /bin/sh
PREFIX  ?= /usr/local
DESTDIR ?=
T       ?= 10s
GO      ?= go
export GO

tools   := $(patsubst cmd/%/main.go,%,$(wildcard cmd/st-*/main.go))
bins    := $(addprefix bin/,$(tools))
man1    := $(wildcard man/*.1)
man5    := $(wildcard man/*.5)
shells  := $(shell grep -lE '^.!/bin/(ba)?sh' scripts/* .ci/* testdata/npm/*/*.sh 2>/dev/null)
gens    := $(wildcard scripts/gen-*)

# git describe where there is a tag, else the version that heads the changelog
hash    := \#
version := $(shell git --git-dir=.git --work-tree=. describe --tags --match 'v[0-9]*' --dirty 2>/dev/null | sed 's/^v//')
ifeq ($(version),)
version := $(shell sed -n 's/^$(hash)$(hash) \([0-9][0-9A-Za-z.+-]*\).*/\1/p' CHANGELOG.md | head -n 1)
endif
build   := $(GO) build -trimpath -ldflags '-s -w -X sandtrace/lib/cli.Version=$(version)'
tool    := $(GO) tool -modfile=scripts/tools/go.mod

# the race detector has no musl build
RACE    ?= $(if $(wildcard /lib/ld-musl-*),,-race)

.PHONY: all build $(bins) demo test test-arm64 arm64 unit lint bench fuzz install uninstall clean deps deps-test
.NOTPARALLEL:
all: build

build: $(bins)

# what installs, before what needs it; a plain build installs nothing
$(bins) unit lint fuzz: | $(if $(filter test,$(MAKECMDGOALS)),deps-test,$(if $(filter demo bench fuzz,$(MAKECMDGOALS)),deps))

# libseccomp is reached through cgo; the others are static
cgo := bin/st-trace bin/st-jail
$(filter-out $(cgo),$(bins)): export CGO_ENABLED = 0
$(filter $(cgo),$(bins)): export CGO_ENABLED = 1
$(bins): bin/%:
	$(build) -o $@ ./cmd/$*

deps:
	@scripts/deps

deps-test:
	@scripts/deps --test

demo: build
	@scripts/demo

test: lint unit demo $(if $(filter true,$(CI)),$(if $(shell command -v apt-get),arm64))

# static binaries for aarch64; and the same script traced here and in a machine of that kind
arm64:
	@scripts/deps --arm64
	@scripts/arm64 build

test-arm64: build
	@scripts/deps --arm64
	@scripts/arm64 boot

# what was skipped is said at the end, with its reason
unit:
	@skips=$$(mktemp) && chmod 666 "$$skips" && echo "$(GO) test $(RACE) ./..." && \
	{ KERNTEST_SKIPS=$$skips $(GO) test $(RACE) ./...; code=$$?; \
	echo "skips: $$(wc -l <"$$skips")"; sort "$$skips"; rm -f "$$skips"; exit $$code; }

lint:
	@echo lint: gofumpt, vet, staticcheck, shellcheck, mandoc, generated files
	@bad=$$($(tool) gofumpt -l .) && [ -z "$$bad" ] || { echo "not in gofumpt's form:"; echo "$$bad"; exit 1; } >&2
	@$(GO) vet ./...
	@$(tool) staticcheck ./...
	@$(if $(shells),shellcheck $(shells))
	@$(if $(man1)$(man5),mandoc -Tlint -Wwarning $(man1) $(man5))
	@set -e; for g in $(gens); do $(GO) run ./$$g -check; done

bench: build
	$(GO) test -run '^$$' -bench . -benchmem ./...
	@$(GO) run ./scripts/bench

# every Fuzz target for T each
fuzz:
	@scripts/fuzz $(T)

share := $(DESTDIR)$(PREFIX)/share
install: $(if $(shell command -v $(GO)),build)
	install -d $(DESTDIR)$(PREFIX)/bin $(share)/man/man1 $(share)/man/man5 $(share)/sandtrace/examples $(share)/sandtrace/rules \
		$(share)/bash-completion/completions $(share)/zsh/site-functions $(share)/fish/vendor_completions.d
	install -m 755 $(bins) $(DESTDIR)$(PREFIX)/bin
	$(if $(man1),install -m 644 $(man1) $(share)/man/man1)
	$(if $(man5),install -m 644 $(man5) $(share)/man/man5)
	install -m 644 man/sandtrace-events.schema.json $(share)/sandtrace
	cp -R examples/. $(share)/sandtrace/examples
	install -m 644 $(wildcard rules/*.yml) $(share)/sandtrace/rules
	set -e; for t in $(tools); do \
		bin/$$t --completion bash >$(share)/bash-completion/completions/$$t; \
		bin/$$t --completion zsh >$(share)/zsh/site-functions/_$$t; \
		bin/$$t --completion fish >$(share)/fish/vendor_completions.d/$$t.fish; \
	done

uninstall:
	cd $(DESTDIR)$(PREFIX)/bin && rm -f $(tools)
	rm -rf $(share)/sandtrace
	cd $(share) && rm -f $(addprefix man/man1/,$(notdir $(man1))) $(addprefix man/man5/,$(notdir $(man5))) \
		$(foreach t,$(tools),bash-completion/completions/$t zsh/site-functions/_$t fish/vendor_completions.d/$t.fish)

clean:
	rm -rf bin dist
