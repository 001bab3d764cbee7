"""Writes tar archives that mean harm, or are damaged, into a folder.

Usage: hostile.py FOLDER CANARY SMALL: CANARY is a folder that the archives try to reach by its
absolute path, SMALL 1 writes small archives in the place of bombs.

On standard output comes a line an archive: its name, what is to become of it, and of what, by tabs:
  refuse PATTERN    DEST is absent, and the message has the pattern (ERE)
  accept NAMES      DEST is whole: it has these names and no others, separated by blanks
  either            it is whole or absent
"""

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import zipfile

BLOCK = 512
END = bytes(2 * BLOCK)

folder, canary, small = sys.argv[1], sys.argv[2], sys.argv[3] == "1"
table = []


def octal(value, width):
    return b"%0*o\0" % (width - 1, value)


def base256(value, width):
    return (value & (1 << (8 * width)) - 1 | 1 << (8 * width - 1)).to_bytes(width, "big")


def header(name, kind=b"0", size=0, link=b"", mode=0o644, magic=b"ustar\00000", sizes=None,
           tail=b"", prefix=b"", check=None):
    """A header of a tar, field by field; what is too long for its field is the caller's."""
    block = bytearray(BLOCK)
    block[0:len(name)] = name
    block[100:108] = octal(mode, 8)
    block[108:116] = octal(os.getuid() & 0o7777777, 8)
    block[116:124] = octal(os.getgid() & 0o7777777, 8)
    block[124:136] = octal(size, 12) if sizes is None else sizes
    block[136:148] = octal(1500000000, 12)
    block[156:157] = kind
    block[157:157 + len(link)] = link
    block[257:265] = magic
    block[345:345 + len(prefix)] = prefix
    block[345:345 + len(tail)] = tail if tail else block[345:345 + len(tail)]
    block[148:156] = b" " * 8
    total = sum(block) if check is None else check
    block[148:156] = b"%06o\0 " % total
    return bytes(block)


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def file(name, data=b"hostile\n", **more):
    return header(name, size=len(data), **more) + pad(data)


def directory(name, mode=0o755):
    return header(name, kind=b"5", mode=mode)


def symlink(name, target):
    return header(name, kind=b"2", link=target, mode=0o777)


def hardlink(name, target):
    return header(name, kind=b"1", link=target)


def long_name(name, kind=b"L", magic=b"ustar  \0"):
    return header(b"././@LongLink", kind=kind, size=len(name) + 1, magic=magic) + pad(name + b"\0")


def pax_record(key, value):
    length = len(key) + len(value) + 3
    while True:
        record = b"%d %s=%s\n" % (length, key, value)
        if len(record) == length:
            return record
        length = len(record)


def pax(records, kind=b"x"):
    data = b"".join(pax_record(k, v) for k, v in records) if isinstance(records, list) else records
    return header(b"PaxHeaders/x", kind=kind, size=len(data)) + pad(data)


def write(name, data, fate, what=""):
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)
    table.append((name, fate, what))


def refuse(name, parts, pattern):
    write(name, parts + END, "refuse", pattern)


def accept(name, parts, names):
    write(name, parts + END, "accept", names)


def either(name, parts):
    write(name, parts + END, "either")


outside = canary.encode()
first = file(b"first")

# Names that lead out.
refuse("absolute", first + file(outside + b"/planted"), "is absolute")
refuse("absolute-slashes", first + file(b"//" + outside + b"/planted"), "is absolute")
refuse("absolute-directory", first + directory(outside + b"/planted/"), "is absolute")
refuse("up-first", first + file(b"../canary/planted"), '"\\.\\."')
refuse("up-middle", first + directory(b"a/") + file(b"a/../../canary/planted"), '"\\.\\."')
refuse("up-last", first + directory(b"a/..") + file(b"x"), '"\\.\\."')
refuse("up-alone", first + directory(b".."), '"\\.\\."')
refuse("up-after-dot", first + file(b"./../canary/planted"), '"\\.\\."')
refuse("up-slashes", first + file(b"a//..//..//canary//planted"), '"\\.\\."')
refuse("up-harmless", first + directory(b"a") + file(b"a/../b"), '"\\.\\."')
refuse("ustar-prefix", first + file(b"canary/planted", prefix=b".."), '"\\.\\."')
refuse("ustar-prefix-absolute", first + file(b"planted", prefix=outside), "is absolute")
either("dots", first + file(b"...") + file(b"..x") + file(b"x.."))

# Links, and then something through them.
refuse("link-up-file", first + symlink(b"l", b"..") + file(b"l/canary/planted"), "l/canary/planted")
refuse("link-absolute-file", first + symlink(b"l", outside) + file(b"l/planted"), "l/planted")
refuse("link-absolute-directory", first + symlink(b"l", outside) + directory(b"l/", 0o700),
       "make the directory .*/l: Not a directory")
refuse("link-to-file-written", first + symlink(b"l", outside + b"/secret") + directory(b"d") +
       file(b"l/x"), "l/x")
accept("link-replaced", first + symlink(b"l", outside + b"/secret") + file(b"l"), "first l")
refuse("link-inside", first + directory(b"d") + symlink(b"l", b"d") + file(b"l/x"), "l/x")
refuse("link-chain", first + directory(b"a") + symlink(b"a/b", b"..") + symlink(b"c", b"a/b/..") +
       file(b"c/canary/planted"), "c/canary/planted")
refuse("link-loop", first + symlink(b"a", b"b") + symlink(b"b", b"a") + file(b"a/x"), "a/x")
refuse("link-self", first + symlink(b"a", b"a") + file(b"a/x"), "a/x")
refuse("link-proc", first + symlink(b"l", b"/proc/self/cwd") + file(b"l/planted"), "l/planted")
refuse("link-over-directory", first + directory(b"d") + file(b"d/x") + symlink(b"d", outside) +
       file(b"d/planted"), "Is a directory|File exists")
refuse("link-over-directory-parents", first + file(b"d/x") + symlink(b"d", outside),
       "Is a directory|File exists")
refuse("link-empty", first + symlink(b"l", b""), "a symbolic link to nothing")
accept("link-dangling", first + symlink(b"l", b"/nowhere/at/all") + symlink(b"m", b"../../.."),
       "first l m")

# Hard links.
refuse("hard-absolute", first + hardlink(b"h", outside + b"/secret"), "a hard link to .* is absolute")
refuse("hard-up", first + hardlink(b"h", b"../../canary/secret"), "a hard link to .*\"\\.\\.\"")
refuse("hard-through-link", first + symlink(b"l", outside) + hardlink(b"h", b"l/secret"),
       "l/secret")
accept("hard-to-link", first + symlink(b"l", outside + b"/secret") + hardlink(b"h", b"l"), "first h l")
accept("hard-to-link-written", first + symlink(b"l", outside + b"/secret") + hardlink(b"h", b"l") +
       file(b"h", b"written\n"), "first h l")
refuse("hard-to-directory", first + directory(b"d") + hardlink(b"h", b"d"), "h to d")
refuse("hard-to-nothing", first + hardlink(b"h", b"nothing"), "No such file")
refuse("hard-to-root", first + hardlink(b"h", b"./"), "is empty")
refuse("hard-over-directory", first + directory(b"d") + hardlink(b"d", b"first"), "d")
accept("hard-to-itself", first + hardlink(b"first", b"first"), "first")
either("hard-with-bytes", first + header(b"h", kind=b"1", link=b"first", size=8) + pad(b"written\n"))
refuse("hard-link-to-secret-by-link-parent", symlink(b"d", b"../canary") + hardlink(b"x", b"d/secret"),
       "d/secret")

# Odd names.
accept("newline", file(b"a\nb"), "a\\nb")
accept("backslash", file(b"a\\..\\b"), "a\\\\..\\\\b")
accept("controls", file(b"\x01\x7f\x1b[2J"), "\\x01\\x7f\\x1b[2J")
either("not-utf8", file(b"\xff\xfe"))
either("pax-not-utf8", pax([(b"path", b"\xff\xfe")]) + file(b"x"))
accept("own-temporary-name", file(b".stagecast-directories") + directory(b"d"),
       ".stagecast-directories d")
accept("dot-slash", directory(b"./") + directory(b"./a//") + file(b".//a/./b"), "a a/b")
refuse("component-256", long_name(b"x" * 256) + file(b"x", magic=b"ustar  \0"),
       "a component that is too long")
accept("component-255", long_name(b"x" * 255) + file(b"x", magic=b"ustar  \0"), "x" * 255)
refuse("path-4097", long_name(b"/".join([b"d" * 64] * 64)) + file(b"x", magic=b"ustar  \0"),
       "is too long")
refuse("path-megabyte", long_name(b"d/" * 500000 + b"x") + file(b"x", magic=b"ustar  \0"), "too long|large")
refuse("name-empty", file(b""), "is empty|no directory|damaged")
refuse("name-dot", file(b"."), "no directory")
refuse("name-slash", file(b"/"), "is absolute")
either("pax-nul", pax([(b"path", b"ok\0/../../canary/planted")]) + file(b"x"))

# Names that come twice, and kinds that don't go together.
accept("twice", file(b"a", b"one") + file(b"a", b"two\n"), "a")
accept("twice-directory", directory(b"d", 0o500) + file(b"d/x") + directory(b"d", 0o755), "d d/x")
refuse("file-as-directory", file(b"a") + file(b"a/b"), "a/b: Not a directory")
refuse("directory-over-file", file(b"a") + directory(b"a"), "a: (Not a directory|File exists)")
refuse("file-over-directory", directory(b"a") + file(b"a/x") + file(b"a"), "a: (Is a directory|File exists)")
accept("closed-directory", directory(b"d", 0) + file(b"d/x"), "d d/x")
accept("setuid", file(b"a", mode=0o6777) + file(b"b", mode=0o1777), "a b")

# What is no file.
refuse("device-character", first + header(b"c", kind=b"3"), "\"c\" is a device")
refuse("device-block", first + header(b"b", kind=b"4"), "\"b\" is a device")
refuse("pipe", first + header(b"p", kind=b"6"), "\"p\" is a named pipe")
either("kind-unknown", first + file(b"q", kind=b"Q"))
either("kind-volume", header(b"label", kind=b"V") + first)
either("kind-continued", first + file(b"m", kind=b"M"))

# Sizes.
refuse("size-negative", first + header(b"a", sizes=base256(-1, 12)) + pad(b"x"), "archive:|a")
refuse("size-huge", first + header(b"a", sizes=base256((1 << 63) - 1, 12)) + pad(b"x"), "a")
refuse("size-over", first + header(b"a", sizes=base256(1 << 80, 12)) + pad(b"x"), "")
refuse("size-lies", first + header(b"a", size=100000) + pad(b"x" * 1000), "early|runcated")
refuse("size-lies-much", first + header(b"a", sizes=octal((1 << 33) - 1, 12)) + pad(b"x"), "a|early")
either("size-not-octal", first + header(b"a", sizes=b"99zz99zz99z\0") + pad(b"x"))
either("pax-size-negative", first + pax([(b"size", b"-5")]) + file(b"a"))
either("pax-size-words", first + pax([(b"size", b"many")]) + file(b"a"))
refuse("pax-size-huge", first + pax([(b"size", b"9223372036854775807")]) + file(b"a"), "a|early")
either("pax-size-over", first + pax([(b"size", b"99999999999999999999999999")]) + file(b"a"))


def old_sparse(name, pieces, real, data):
    tail = bytearray(167)
    for number, (offset, length) in enumerate(pieces[:4]):
        at = 41 + 24 * number
        tail[at:at + 12] = octal(offset, 12)
        tail[at + 12:at + 24] = octal(length, 12)
    tail[138:150] = octal(real, 12) if real < 1 << 33 else base256(real, 12)
    return header(name, kind=b"S", size=len(data), magic=b"ustar  \0", tail=bytes(tail)) + pad(data)


def new_sparse(text, data, real=b"4096"):
    body = pad(text) + data
    return pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"),
                (b"GNU.sparse.realsize", real)]) + header(b"x", size=len(body)) + pad(body)


accept("sparse", old_sparse(b"s", [(0, 512), (4096, 512), (8192, 0)], 8192, b"x" * 1024), "s")
either("sparse-overlaps", old_sparse(b"s", [(0, 1024), (512, 1024)], 8192, b"x" * 2048))
either("sparse-backwards", old_sparse(b"s", [(4096, 512), (0, 512)], 8192, b"x" * 1024))
either("sparse-behind-end", old_sparse(b"s", [(0, 512), (1 << 30, 512)], 1024, b"x" * 1024))
either("sparse-huge", old_sparse(b"s", [(0, 512)], (1 << 63) - 1, b"x" * 512))
either("sparse-new-overlaps", new_sparse(b"2\n0\n512\n100\n512\n", b"x" * 1024))
either("sparse-new-negative", new_sparse(b"1\n-512\n512\n", b"x" * 512))
either("sparse-new-count", new_sparse(b"99999999999\n0\n512\n", b"x" * 512))
either("sparse-new-words", new_sparse(b"lots\n", b"x" * 512))
either("sparse-new-name", pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                               (b"GNU.sparse.name", b"../canary/planted"),
                               (b"GNU.sparse.realsize", b"8")]) + file(b"x", pad(b"1\n0\n8\n") + b"hostile\n"))

# Long names and extended headers that say something else.
refuse("gnu-long-up", first + long_name(b"../canary/planted") + file(b"x", magic=b"ustar  \0"), '"\\.\\."')
refuse("gnu-long-absolute", first + long_name(outside + b"/planted") + file(b"x", magic=b"ustar  \0"),
       "is absolute")
refuse("gnu-long-link", first + long_name(outside + b"/secret", kind=b"K") +
       header(b"h", kind=b"1", link=b"first", magic=b"ustar  \0"), "is absolute")
refuse("gnu-long-huge", first + header(b"././@LongLink", kind=b"L", sizes=octal((1 << 33) - 1, 12),
                                       magic=b"ustar  \0") + pad(b"x"), "")
either("gnu-long-twice", long_name(b"a") + long_name(b"../canary/planted") + long_name(b"b") +
       file(b"x", magic=b"ustar  \0"))
refuse("gnu-long-alone", long_name(b"alone"), "")
refuse("pax-path-up", first + pax([(b"path", b"../canary/planted")]) + file(b"x"), '"\\.\\."')
refuse("pax-path-absolute", first + pax([(b"path", outside + b"/planted")]) + file(b"x"), "is absolute")
refuse("pax-linkpath-hard", first + pax([(b"linkpath", outside + b"/secret")]) +
       hardlink(b"h", b"first"), "is absolute")
refuse("pax-linkpath-up", first + pax([(b"linkpath", b"../canary/secret")]) + hardlink(b"h", b"first"),
       '"\\.\\."')
refuse("pax-linkpath-through", first + pax([(b"linkpath", outside)]) + symlink(b"l", b"first") +
       file(b"l/planted"), "l/planted")
either("pax-global-path", pax([(b"path", b"../canary/planted")], kind=b"g") + first)
either("pax-length-wrong", first + pax(b"99 path=../canary/planted\n") + file(b"x"))
either("pax-length-zero", first + pax(b"0 path=../canary/planted\n") + file(b"x"))
either("pax-no-equals", first + pax(b"9 path..\n") + file(b"x"))
refuse("pax-huge", first + header(b"p", kind=b"x", sizes=octal((1 << 33) - 1, 12)) + pad(b"x"), "")
either("pax-in-pax", pax([(b"path", b"a")]) + pax([(b"path", b"../canary/planted")]) +
       pax([(b"path", b"b")]) + file(b"x"))
either("pax-times", pax([(b"mtime", b"99999999999999999999.999999999999")]) + file(b"x"))
either("pax-xattr", pax([(b"SCHILY.xattr.security.capability", b"\1\0\0\2" + bytes(16))]) + file(b"x"))

# Ends and beginnings.
accept("empty-archive", b"", "")
write("empty-file", b"", "refuse", "no tar|archive")
write("one-block-of-zeros", bytes(BLOCK), "either")
write("text", b"This is no archive.\n" * 100, "refuse", "no tar")
write("random", random.Random(1).randbytes(20000), "refuse", "no tar|damaged")
accept("two-archives", first + END + file(b"second"), "first")
accept("garbage-behind", first + END + b"garbage" * 500, "first")
write("checksum", first + header(b"a", check=1) + END, "refuse", "damaged")
good = directory(b"d") + file(b"d/a", b"a" * 700) + symlink(b"d/l", b"a") + file(b"b", b"b" * 100)
for blocks in range(1, len(good) // BLOCK + 1):
    write("truncated-%d" % blocks, good[:blocks * BLOCK], "refuse", "ends early|runcated")
write("truncated-header", good[:2 * BLOCK + 100], "refuse", "early|runcated")
write("truncated-data", good[:3 * BLOCK], "refuse", "early|runcated")
memory = io.BytesIO()
with zipfile.ZipFile(memory, "w") as packed:
    packed.writestr("../canary/planted", "hostile")
write("zip", memory.getvalue(), "refuse", "no tar")


# What is compressed, and damaged.
def zstd(data):
    return subprocess.run(["zstd", "-q", "--check"], input=data, stdout=subprocess.PIPE, check=True).stdout


body = good + file(b"noise", random.Random(2).randbytes(30000)) + END
compressed = {"gzip": gzip.compress(body), "bzip2": bz2.compress(body), "xz": lzma.compress(body),
              "zstd": zstd(body)}
for name, data in compressed.items():
    write(name, data, "accept", "b d d/a d/l noise")
    write(name + "-bit", data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) +
          data[len(data) // 2 + 1:], "refuse", "can't be decompressed")
    write(name + "-half", data[:len(data) // 2], "refuse", "can't be decompressed")
    write(name + "-last", data[:-1], "refuse", "can't be decompressed")
    write(name + "-end-bit", data[:-6] + bytes([data[-6] ^ 4]) + data[-5:], "refuse",
          "can't be decompressed")
    write(name + "-head", data[:12], "refuse", "can't be decompressed|no tar")
    write(name + "-magic", data[:6], "refuse", "can't be decompressed|no tar")
    write(name + "-twice", {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress,
                            "zstd": zstd}[name](data), "refuse", "no tar")
write("gzip-members", gzip.compress(body[:5000]) + gzip.compress(body[5000:]), "accept",
      "b d d/a d/l noise")
write("gzip-padded", compressed["gzip"] + bytes(1000), "accept", "b d d/a d/l noise")
write("gzip-trailing", compressed["gzip"] + b"garbage", "refuse", "something else follows")
write("gzip-no-tar", gzip.compress(b"This is no archive.\n" * 100), "refuse", "no tar")
write("gzip-of-nothing", gzip.compress(b""), "refuse", "no tar|archive")

# More than there is room for; where they are to meet a small disk.
total = 4 if small else 1 << 10
with gzip.open(os.path.join(folder, "bomb-file"), "wb", compresslevel=1) as out:
    out.write(header(b"bomb", sizes=octal(total << 20, 12)))
    for _ in range(total):
        out.write(bytes(1 << 20))
    out.write(END)
with gzip.open(os.path.join(folder, "bomb-files"), "wb", compresslevel=1) as out:
    for number in range(total):
        out.write(file(b"bomb/%d" % number, b"\1" * (1 << 20)))
    out.write(END)

for row in table:
    print("\t".join(row))
