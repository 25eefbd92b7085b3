# SPDX-License-Identifier: GPL-2.0
NAME := uffd_race
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DKMS_SRC := /usr/src/$(NAME)-$(VERSION)

# A failed recipe leaves nothing behind that looks finished.
.DELETE_ON_ERROR:

.PHONY: modules tool install uninstall deb demo check matrix check-host check-paths check-model \
	check-mutants check-fuzz check-innocent check-ab nightly lint stress clean clean-cache help

modules:
	@test -d $(KDIR) || { echo "no headers in $(KDIR): install" \
		"linux-headers-$(KVER), or name another tree with KDIR=" >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

help:
	@echo 'Main job:'
	@echo '  demo           verdicts for four stock kernels, in guests: path x kernel'
	@echo '  check          all tests, in guests'
	@echo '  matrix         a verdict for every kernel and path: tests/distros/matrix.md'
	@echo 'This machine:'
	@echo '  modules        build the module (default); KDIR= or KVER= for another kernel'
	@echo '  install        install it through DKMS, for KVER; and uffd-race, in PREFIX'
	@echo '  uninstall      remove it, and every trace of it'
	@echo '  deb            build/deb/uffd-race{-dkms,}_*.deb: it by DKMS, and uffd-race'
	@echo '  tool           build tools/uffd-race'
	@echo '  check-host     load it here, stress all paths, say what it found, unload'
	@echo '  clean          remove what was built'
	@echo '  clean-cache    remove the kernels, roots and builds that tests keep'
	@echo 'More tests:'
	@echo '  check-distros  the life of a package on real releases; long'
	@echo '  check-paths    every path x writer on four kernels; some hours'
	@echo '  check-model    prove the verdict engine over all interleavings'
	@echo '  check-mutants  are the proofs and unit tests sharp?'
	@echo '  check-innocent whatever user space does, no verdict is wrong; two hours'
	@echo '  check-fuzz     fuzz the engine for SECONDS=60'
	@echo '  check-ab       with and without the race, on kernels of our own; an hour'
	@echo '  nightly        that, and the smoke tests on a debug kernel'
	@echo '  lint           compiler, sparse, checkpatch, shellcheck and others: no remark'

install:
	@command -v dkms >/dev/null || { echo "needs the package dkms" >&2; exit 1; }
	@test "$$(id -u)" = 0 || { echo "needs root" >&2; exit 1; }
	@test -d $(KDIR) || { echo "no headers in $(KDIR): install" \
		"linux-headers-$(KVER)" >&2; exit 1; }
	$(MAKE) -s -C tools
	for old in $$(dkms status $(NAME) | sed 's,^$(NAME)[/ ,]*\([^ ,:]*\).*,\1,' | sort -u); do \
		test $$old = $(VERSION) || { dkms remove $(NAME)/$$old --all && \
			rm -rf /usr/src/$(NAME)-$$old; } || exit; done
	install -d $(DKMS_SRC)
	cp -r --no-preserve=ownership Kbuild dkms.conf LICENSE src include $(DKMS_SRC)
	find $(DKMS_SRC) ! -name '*.[ch]' \( -name '*.*o' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
	dkms status $(NAME)/$(VERSION) | grep -q . || dkms add $(NAME)/$(VERSION)
	dkms install --force -k $(KVER) $(NAME)/$(VERSION) || \
		{ cat /var/lib/dkms/$(NAME)/$(VERSION)/build/make.log >&2; exit 1; }
	$(MAKE) -s -C tools install

uninstall:
	@test "$$(id -u)" = 0 || { echo "needs root" >&2; exit 1; }
	@dkms status $(NAME)/$(VERSION) | grep -q . || echo "$(NAME) $(VERSION) is not installed"
	! dkms status $(NAME)/$(VERSION) | grep -q . || dkms remove $(NAME)/$(VERSION) --all
	rm -rf $(DKMS_SRC) /var/lib/dkms/$(NAME)
	$(MAKE) -s -C tools uninstall

deb:
	@for tool in dpkg-buildpackage dh dh_dkms; do command -v $$tool >/dev/null || \
		{ echo "needs the packages dpkg-dev debhelper dh-dkms" >&2; exit 1; }; done
	rm -rf build/deb
	install -d build/deb/src/tests
	cp -r Kbuild dkms.conf src include debian tools build/deb/src
	cp -r tests/stress build/deb/src/tests
	rm -f build/deb/src/tools/uffd-race build/deb/src/tests/stress/stress
	printf '%s\n\n  * %s\n\n -- %s  %s\n' 'uffd-race ($(VERSION)) unstable; urgency=medium' \
		'As upstream: see its CHANGELOG.md.' \
		"$$(sed -n 's/^Maintainer: //p' debian/control)" "$$(date -R)" >build/deb/src/debian/changelog
	find build/deb/src ! -name '*.[ch]' \( -name '*.*o' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
	cd build/deb/src && dpkg-buildpackage -d -us -uc -b >../log 2>&1 || { cat ../log >&2; exit 1; }
	rm -rf build/deb/src
	@ls build/deb/*.deb

tool: stress
	$(MAKE) -s -C tools

stress:
	$(MAKE) -s -C tests/stress

demo: ; @tests/demo
check: ; @tests/check
lint: ; @tests/lint/lint
check-distros: stress
	@tests/deps
	@UFFD_RACE_RELEASES="5.10 6.1 6.12 7.3 sid" prove --timer tests/distros
check-paths: stress
	@tests/deps
	@UFFD_RACE_SWEEP=truth prove --timer tests/kernel/paths.t
	@UFFD_RACE_SWEEP=legal prove --timer tests/kernel/paths.t
check-innocent: stress
	@tests/deps
	@UFFD_RACE_SECONDS=1800 prove --timer --comments tests/kernel/innocent.t
check-ab: stress
	@tests/deps
	@UFFD_RACE_RUNS=20 prove --timer --comments tests/kernel/ab.t
nightly: check-ab
	@prove --timer --comments tests/kernels/debug.t
check-host:
	@tests/check-host || { status=$$?; echo "check-host: status $$status;" \
		"make makes 2 of it, tests/check-host itself does not" >&2; exit $$status; }
matrix: ; @tests/distros/matrix
clean-cache: ; @tests/vm/clean-cache

check-model check-mutants check-fuzz:
	@$(MAKE) -s -C tests/unit $@

clean:
	find src -name '*.o' -o -name '.*.cmd' | xargs rm -f
	rm -rf $(NAME).ko $(NAME).mod $(NAME).mod.[co] $(NAME).o .*.cmd \
		Module.symvers modules.order .tmp_versions .module-common.o build
	$(MAKE) -s -C tools clean
	$(MAKE) -s -C tests/stress clean
	$(MAKE) -s -C tests/selftests clean
	$(MAKE) -s -C tests/fuzz/innocent clean
	$(MAKE) -s -C tests/guest clean
	$(MAKE) -s -C tests/unit clean
