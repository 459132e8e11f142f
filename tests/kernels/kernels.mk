# SPDX-License-Identifier: Apache-2.0
# make test-kernels: the daemon under Debian's 6.1, 6.12 and 6.18, in QEMU. Downloads once, into
# build/kernels. A second make, for what is installed first decides what can be built; where nothing can
# be installed, the run says what is lacking.

test-kernels:
	$(Q)scripts/install-deps kernels || :
	$(Q)$(MAKE) build/otel-ebpf build/todo build/tests/e2e/client build/tests/e2e/cserver \
		build/tests/workers/O2-pie build/tests/e2e/library.so build/tests/e2e/stacks build/tests/e2e/usdt
	$(Q)tests/kernels/run
