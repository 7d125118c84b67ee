# make, without a target, says what there is.
# The programs are built without cgo; only the race detector needs it, and a C compiler with it.
export CGO_ENABLED = 0
SHELL = /bin/bash

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
ARCHES    ?= arm64 amd64
BENCHTIME ?= 1s
HOURS     ?= 720
SEED      ?= 1
FUZZTIME  ?= 30s

BUILD       = go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
# What -run and flags of our own may follow.
VM          = buildroot/vm/packages.sh run && buildroot/vm/kernel.sh && \
              go test -tags vm -count=1 -timeout 60m -v ./buildroot/vm/ -seed=$(SEED)
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
BOOT        = buildroot/vm/packages.sh card && buildroot/vm/kernel.sh && \
              go test -tags vm -count=1 -timeout 180m -v ./buildroot/image/
UPDATE      = buildroot/vm/packages.sh update && buildroot/vm/kernel.sh && \
              go test -tags vm -count=1 -timeout 180m -v ./buildroot/update/
# Every file, of whatever name, that begins as a shell script does.
SCRIPTS     = find . \( -name .git -o -name bin \) -prune -o -type f -size -64k -exec \
              awk 'FNR == 1 && /^\#!.*[\/ ](ba|da)?sh$$/ { print FILENAME } { nextfile }' {} +

.DEFAULT_GOAL := help
.PHONY: help build arm64 amd64 man completion deb deb-test run test go-test soak fuzz vm-test vm-drift vm-load vm-xrun vm-plug vm-chaos vm-power \
        vm-cost image image-test boot-test boot-power update-test update-power sbom lint bench bench-resample clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

build: ## submixd and submixctl for this machine, in bin/
	$(BUILD) -o bin/ ./cmd/submixd ./cmd/submixctl

arm64: ## submixd and submixctl for the board, in bin/arm64/
arm64 amd64:
	GOARCH=$@ $(BUILD) -o bin/$@/ ./cmd/submixd ./cmd/submixctl

# The time of all pages and packages: the commit's, or the present one of what is no commit, as in an archive of the sources.
EPOCH := $(or $(SOURCE_DATE_EPOCH),$(if $(filter %-dirty,$(VERSION)),,$(shell git log -1 --format=%ct 2>/dev/null)),$(shell date +%s))
man deb: export SOURCE_DATE_EPOCH = $(EPOCH)

# The programs know their flags and commands, and write the pages of them.
man: build ## manual pages, in bin/man/
	@mkdir -p bin/man
	bin/submixctl -man >bin/man/submixctl.1 && bin/submixd -man >bin/man/submixd.8 && bin/submixd -man submix.toml >bin/man/submix.toml.5
	mandoc -T lint -W warning bin/man/*

completion: build ## shell completion for bash, in bin/completion/
	@mkdir -p bin/completion
	for p in submixctl submixd; do bin/$$p -completion bash >bin/completion/$$p && bash -n bin/completion/$$p || exit; done
	shellcheck -s bash bin/completion/*

deb: man completion $(ARCHES) ## packages for Raspberry Pi OS and Debian, in bin/
	rm -f bin/*.deb
	for arch in $(ARCHES); do buildroot/deb/build.sh $$arch $(VERSION) || exit; done

deb-test: deb ## the packages installed, upgraded, removed and purged in a Debian root of their own (as root)
	go test -tags deb -count=1 -v ./buildroot/deb/

run: build ## the box on simulated cards, with its console on this terminal
	bin/submixd -demo

test: go-test vm-test ## every test: the Go tests with the race detector, then the virtual machine

# With the race detector the mixer's longest tables are tried in part: the whole follows without.
go-test:
	CGO_ENABLED=1 go test -race ./...
	go test ./mixer/
	go test -count=1 -v -run '^TestDay$$' ./mixer/drift/ -hours 24
	for seed in 1 2; do go test -count=1 -v -run '^TestChaos$$' ./cmd/submixd/ -seed $$seed -hours 1 || exit 1; done

# Days that know nothing of one another, as many at a time as there are processors.
soak: ## HOURS=720 simulated hours of chaos, a day from each seed from SEED=1 on
	@mkdir -p bin
	go test -c -o bin/soak.test ./cmd/submixd/
	@echo "$(HOURS) hours from seed $(SEED) on"
	@for ((day = 0; day * 24 < $(HOURS); day++)); do \
		echo "-seed $$(($(SEED) + day)) -hours $$(($(HOURS) - day * 24 < 24 ? $(HOURS) - day * 24 : 24))"; \
	done | xargs -P "$$(nproc)" -L 1 bin/soak.test -test.run '^TestChaos$$' -test.timeout 24h -test.v

# Up to Go 1.26 a target that found nothing may fail all the same as its time ends, and says just this (go.dev/issue/75804).
TIMEUP      = ^    context deadline exceeded$$

fuzz: ## every fuzz target, three at a time, for FUZZTIME=30s each
	@grep -rno --include='*_test.go' '^func Fuzz[A-Za-z]*' . | \
		sed -E 's|^\./(.*)/[^/]*:func (Fuzz.*)$$|\2 ./\1/|' | sort | \
		xargs -P 3 -L 1 bash -c 'said=$$(go test -run "^$$" -fuzz "^$$0\$$" -fuzztime $(FUZZTIME) -parallel 1 "$$1" 2>&1); \
			failed=$$?; echo "$$said"; [ $$failed = 0 ] || grep -q "$(TIMEUP)" <<<"$$said" && ! grep -q "Failing input" <<<"$$said"'

vm-test: ## the arm64 programs on real kernel drivers, in a virtual machine; another SEED=1 shows what passes by luck
	$(VM)

vm-drift: ## the tests of clocks that drift, for as long as they are meant to: 300 s
	$(VM) -run TestMachine/drift -long

vm-load: ## the latency beside a busy loop, and no xrun, for 60 s
	$(VM) -run TestMachine/load -long

vm-xrun: ## an xrun each second, for as long as it is meant to: 60 s
	$(VM) -run TestMachine/xrun -long

vm-plug: ## each card pulled and put back 50 times
	$(VM) -run TestMachine/plug -long

vm-chaos: ## faults from a script on real drivers, for 70 s
	$(VM) -run TestMachine/chaos -long

vm-power: ## the power cut 200 times, while the state is saved
	$(VM) -run TestPowerCut -long

vm-cost: ## what adaptive streams take of the processor, and where it goes
	$(VM) -run TestMachine/cost

image: ## the image of BOARD=rpi4 with BUILDROOT=the pinned release, in O=../submix-rpi4 (buildroot/image.sh says what it needs)
	SUBMIX_RELEASE=$(VERSION) buildroot/image.sh "$(BOARD)" "$(BUILDROOT)" "$(or $(O),../submix-$(BOARD))"

image-test: ## the external tree, the card and the boards' kernels, without Buildroot (as root)
	buildroot/vm/packages.sh card
	go test -tags vm -count=1 -timeout 30m -v ./buildroot/

boot-test: ## the image in the machine: boot to sound, a card that grows, is damaged and loses its power
	$(BOOT)

boot-power: ## the power cut 100 times, while the image boots and while it saves
	$(BOOT) -run TestPowerCut -long

update-test: ## updates: bundles, the choice of the slot, and all of it in the machine with a card
	$(UPDATE)
	go test -tags vm -count=1 -v -run TestReceive ./cmd/submixctl/update/

update-power: ## the power cut 100 times during an update, and systems that prove themselves for a whole minute
	$(UPDATE) -run 'TestUpdate$$|TestFallBack|TestPowerCut' -long

sbom: build arm64 ## what the programs are made of, in CycloneDX: bin/submix.cdx.json
	go run ./buildroot/sbom -version $(VERSION) bin/submixd bin/submixctl bin/arm64/submixd bin/arm64/submixctl >bin/submix.cdx.json

lint: ## gofmt, go vet (amd64 and arm64), staticcheck, shellcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted with gofmt:" $$unformatted; exit 1; }
	GOARCH=amd64 go vet ./...
	GOARCH=amd64 go vet -tags vm,deb ./...
	GOARCH=arm64 go vet ./...
	GOARCH=arm64 go vet -tags vm,deb ./...
	$(STATICCHECK) -tags vm,deb ./...
	shellcheck $$($(SCRIPTS))

bench: ## ns for each mixed block, beside a plain loop over the same memory
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./mixer/

bench-resample: ## the resampler's quality, and its time beside zita-resampler's (needs g++, libzita-resampler-dev)
	@mkdir -p bin
	g++ -O2 -Wall -o bin/zita mixer/resample/testdata/zita.cc -lzita-resampler
	go test -count=1 -v -run '^TestQuality' -bench '^BenchmarkStereo$$' -benchtime $(BENCHTIME) ./mixer/resample/ -zita $(CURDIR)/bin/zita

clean: ## remove what was built (the virtual machine's kernel stays in its cache)
	rm -rf bin
