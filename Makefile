# What the README tells; `make` alone lists it.

# Options of `fieldguide serve`, as in: make run SERVE="--port 5001"
SERVE ?=

# What is to be wrong with the emulated database, as in: make astra-demo FAULT=hibernated
FAULT ?=

.PHONY: help run astra-demo test bench format check packages
help:
	@echo "make run         prepare the database that .env names, then serve the API"
	@echo "make astra-demo  the same on an emulated Astra database, without an account"
	@echo "make test        build and run the tests"
	@echo "make bench       measure ours and the peers beside each other"
	@echo "make format      format every source"
	@echo "make check       format, layers and pictures, without changing anything"

run: packages
	swift build -c release --product fieldguide
	.build/release/fieldguide init
	exec .build/release/fieldguide serve $(SERVE)

astra-demo: packages
	swift build -c release --product fieldguide
	swift build -c release --product astra-emulator
	FAULT="$(FAULT)" exec Scripts/astra-demo $(SERVE)

test: packages
	Scripts/with-node Scripts/test

bench: packages
	Benchmarks/compare

format:
	swift format --in-place --recursive Package.swift Sources Tests Benchmarks Examples Fuzz

check:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks Examples Fuzz
	Scripts/check-layers
	Scripts/draw --check

packages:
	@Scripts/install-packages
