# aipod: POSIX make; GNU make and bmake both read it.
# configure writes config.mk, which has the lists and a rule for every file.
.POSIX:
.SUFFIXES:

all: programs

include config.mk

INSTALL = install
CURLOBJS = lib/mem.c lib/buf.c lib/io.c lib/num.c lib/hash.c lib/tool.c
BOX = build/bin/box/aipod-relay build/bin/box/aipod-call \
	build/bin/box/aipod-attack
BOXDATA = build/bin/box/attack.tsv

programs: $(PROGS) $(TOOLS) $(CURLPROGS) $(SCRIPTS) $(BOX) $(BOXDATA)

config.mk config.h config.c:
	@echo 'run ./configure first' >&2; exit 1

build/bin/box/attack.tsv: share/attack.tsv
	cp share/attack.tsv $@

$(LIB): $(OBJS)
	rm -f $@
	ar rc $@ $(OBJS)

build/aipod-tools: config.c $(TOOLOBJS) $(LIB)
	$(COMPILE) -o $@ config.c $(TOOLOBJS) $(LDFLAGS) $(LIB) $(COMPAT) $(LIBS)

build/libfuzz.a: $(FUZZOBJS)
	rm -f $@
	ar rc $@ $(FUZZOBJS)

unit: $(UNITS)

fuzzers: $(FUZZERS)

# These two are typed by people who have not built yet: on two processors.
check:
	$(MAKE) -j2 programs unit
	./configure --get-deps=check --deps-only
	test/run

# All four agents, and clients of the server, from npm: some minutes.
agents: programs
	AIPOD_TEST_LONG=1 test/run test/agents.bats test/clients.bats

try:
	$(MAKE) -j2 programs
	test/try/try

bench: programs
	test/bench/run

lint:
	test/lint

install: programs
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir)/aipod/box \
	    $(DESTDIR)$(datadir)/aipod $(DESTDIR)$(docdir)
	$(INSTALL) -s -m 755 build/bin/aipod $(DESTDIR)$(bindir)/aipod
	for p in $(PROGS) $(CURLPROGS); do \
	    test $$p = build/bin/aipod || $(INSTALL) -s -m 755 $$p \
	        $(DESTDIR)$(libexecdir)/aipod/ || exit 1; done
	$(INSTALL) -s -m 755 build/aipod-tools $(DESTDIR)$(libexecdir)/aipod/tools
	for p in $(TOOLS); do ln -f $(DESTDIR)$(libexecdir)/aipod/tools \
	    $(DESTDIR)$(libexecdir)/aipod/$${p##*/} || exit 1; done
	rm $(DESTDIR)$(libexecdir)/aipod/tools
	for p in $(SCRIPTS); do $(INSTALL) -m 755 $$p \
	    $(DESTDIR)$(libexecdir)/aipod/ || exit 1; done
	for p in $(BOX); do ln -f $(DESTDIR)$(libexecdir)/aipod/$${p##*/} \
	    $(DESTDIR)$(libexecdir)/aipod/box/ || exit 1; done
	$(INSTALL) -m 644 $(BOXDATA) $(DESTDIR)$(libexecdir)/aipod/box/
	cd share && find . -type d ! -name doc ! -path './packaging*' -exec $(INSTALL) -d \
	    $(DESTDIR)$(datadir)/aipod/{} \;
	cd share && find . -type f ! -path './doc/*' ! -path './packaging/*' \
	    ! -perm -100 -exec \
	    $(INSTALL) -m 644 {} $(DESTDIR)$(datadir)/aipod/{} \;
	cd share && find . -type f ! -path './doc/*' ! -path './packaging/*' \
	    -perm -100 -exec \
	    $(INSTALL) -m 755 {} $(DESTDIR)$(datadir)/aipod/{} \;
	$(INSTALL) -m 644 README share/doc/* $(DESTDIR)$(docdir)/
	for p in $(PAGES); do d=$(DESTDIR)$(mandir)/man$${p##*.}; \
	    $(INSTALL) -d $$d && $(INSTALL) -m 644 $$p $$d/ || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(bindir)/aipod
	rm -rf $(DESTDIR)$(libexecdir)/aipod $(DESTDIR)$(datadir)/aipod \
	    $(DESTDIR)$(docdir)
	for p in $(PAGES); do \
	    rm -f $(DESTDIR)$(mandir)/man$${p##*.}/$${p##*/}; done

clean:
	rm -rf build/*
	mkdir -p build/lib build/bin/box build/test/unit build/test/fuzz build/fuzz build/tools

distclean:
	rm -rf build config.mk config.h config.c config.log .deps

# A Debian package, beside a copy of what is committed.
deb:
	rm -rf build/deb
	mkdir -p build/deb
	git archive --format=tar --prefix=aipod-$(VERSION)/ HEAD | \
	    tar -C build/deb -xf -
	cp -R share/packaging/debian build/deb/aipod-$(VERSION)/debian
	cd build/deb/aipod-$(VERSION) && dpkg-buildpackage -b -us -uc

dist:
	git -c tar.umask=0022 archive --format=tar --prefix=aipod-$(VERSION)/ HEAD | \
	    gzip -9n >aipod-$(VERSION).tar.gz

.PHONY: all programs unit fuzzers check agents try bench lint install uninstall \
	clean distclean deb dist
