# What the README tells; `make` alone lists it.

# Options of `fieldguide serve`, as in: make run SERVE="--port 5001"
SERVE ?=

# What is to be wrong with the emulated database, as in: make astra-demo FAULT=hibernated
FAULT ?=

# Where `make install` puts the programs.
PREFIX ?= /usr/local

.PHONY: help run astra-demo test bench results format check docs check-docs install package wheel packages
help:
	@echo "make run         prepare the database that .env names, then serve the API"
	@echo "make astra-demo  the same on an emulated Astra database, without an account"
	@echo "make test        build and run the tests"
	@echo "make docs        build the guide and the manual into .build/docs"
	@echo "make check-docs  compile and run every snippet of the documentation"
	@echo "make install     put the programs below PREFIX ($(PREFIX))"
	@echo "make package     a package for Debian and Ubuntu, in .build/packages"
	@echo "make wheel       the node for tests in Python, in .build/packages"
	@echo "make bench       measure ours and the peers beside each other"
	@echo "make results     measure all that Benchmarks/Results.md holds, in less than half an hour"
	@echo "make format      format every source"
	@echo "make check       format, layers and pictures, without changing anything"

run: packages
	@echo "Building. The first time takes about six minutes on two cores, some of them without a word, while the"
	@echo "largest target is compiled; later it takes seconds."
	Scripts/release fieldguide
	.build/release/fieldguide init
	exec .build/release/fieldguide serve $(SERVE)

astra-demo: packages
	Scripts/release fieldguide astra-emulator
	FAULT="$(FAULT)" exec Scripts/astra-demo $(SERVE)

test: packages
	Scripts/with-node Scripts/test

bench: packages
	Benchmarks/compare

# Each with fewer rounds and less load than it has by itself, against a node that each starts.
results: packages
	CASSANDRA=node ROUNDS=2 SECONDS=4 OPS=100000 Benchmarks/compare --shared --own-core
	CASSANDRA=node ROUNDS=2 SECONDS=5 Benchmarks/latency
	CASSANDRA=node ROUNDS=1 Benchmarks/scale

docs: packages
	Scripts/docs

check-docs: packages
	swift build
	Scripts/check-docs

install: packages
	Scripts/package install "$(PREFIX)"

package: packages
	Scripts/package deb

wheel: packages
	Scripts/package wheel

format:
	swift format --in-place --recursive Package.swift Sources Tests Benchmarks Examples Fuzz

check:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks Examples Fuzz
	Scripts/check-layers
	Scripts/draw --check

packages:
	@Scripts/install-packages
