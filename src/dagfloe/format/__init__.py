"""The bundle file, byte by byte. Reading and writing are in the modules named at the right.

A bundle file follows Airflow's executable bundle spec 1.0. It is a program with two regions and a trailer behind it::

    offset                          content                                                      module
    0                               executable region: what Airflow starts, never empty
    size - 64 - manifest - source   source region: the source files of the Dags, may be empty    sources
    size - 64 - manifest            manifest region: canonical YAML, with the digests            manifest
    size - 64                       trailer                                                      trailer

    trailer: 64 bytes, integers are little-endian
        0  u32  length of the source region
        4  u32  length of the manifest region
        8  u32  version of the trailer, 1
       12  32   SHA-256 of the executable region
       44  12   zero
       56  8    AFBNDL01

The spec leaves the executable region open. In a file that dagfloe built, it is the launcher (a small C
program) with the frozen program as its payload. The launcher unpacks the payload once on a host, and starts it::

    launcher | stored files, aligned to 16 bytes | index | footer                                payload

    footer: 64 bytes, integers are little-endian u64
        0  u64  offset of the index
        8  u64  length of the index
       16  32   digest of the index; it names the unpacked program in the host's store
       48  8    zero
       56  8    DAGFLOE1

    index
        DFINDEX1
        string * 5   bundle name | path of the program | cache folder | dynamic loader | C library's version
        u64          number of files
        file * n     u64 kind: 0 plain, 1 executable, 2 link | u64 offset | u64 size | u64 stored size |
                     32 digest of the content | string path

    string           u64 length | UTF-8 | zero byte

A file is stored as one LZ4 block; if that is not shorter, it is stored as is, and size and stored size are equal. The
content of a link is its target. Digests in the payload are BLAKE2b of 32 bytes. Equal programs have equal indexes.

The frozen program ends with an archive of PyInstaller's, in which integers are big-endian. `dagfloe build --one-file`
has it at the end of the executable region, without a launcher::

    bootloader | entries | table | cookie                                                        contents

    cookie: 88 bytes
        MEI 0C 0B 0A 0B 0E | u32 length of everything behind the bootloader | u32 offset of the table |
        u32 length of the table | u32 Python's version | 64 Python's library

    table entry
        u32 length of this table entry | u32 offset | u32 stored size | u32 size | u8 is compressed | kind, a letter |
        name, padded with zero bytes

    entry of kind z: the modules
        PYZ 00 | Python's magic number, 4 | i32 offset of a marshalled list of (name, (kind, offset, size))
"""
