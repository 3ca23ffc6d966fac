using System.Buffers.Binary;
using System.IO.Hashing;

namespace IlZo.Training;

/// <summary>
/// The layout of <c>trajectory.bin</c>; all numbers are little-endian.
/// <para>
/// Header, 48 bytes: the magic <c>ILZOTRJ1</c>; u32 version; 32 bytes SHA-256 of the run's identity (<see cref="RunIdentity"/>); u32 CRC-32
/// of the 44 bytes before it.
/// </para>
/// <para>
/// Then entries. Version 2: u32 length of the payload; its complement, so that a damaged length is not taken for an entry that a crash cut
/// short; the payload; u32 CRC-32 of a seed and all bytes before it in the entry. The seed is the entry's index as u64 and the checksum
/// before it in the file as u32, so an entry is valid only in its place in its run. <see cref="EntryPayload"/> gives the payloads.
/// Version 1 has steps alone (<see cref="FirstTrajectoryFormat"/>).
/// </para>
/// </summary>
internal class TrajectoryFormat
{
    public const int HeaderBytes = 48;
    public const int FingerprintBytes = 32;

    /// <summary>The version that is written.</summary>
    public const uint Version = 2;

    private const int ChecksumBytes = 4;
    private const int FingerprintAt = 12;
    private const int HeaderChecksumAt = HeaderBytes - ChecksumBytes;

    private static readonly TrajectoryFormat s_current = new();
    private static readonly TrajectoryFormat s_first = new FirstTrajectoryFormat();

    private static ReadOnlySpan<byte> Magic => "ILZOTRJ1"u8;

    /// <summary>Bytes from which the size of an entry is known.</summary>
    public virtual int StartBytes => 8;

    public static byte[] Header(ReadOnlySpan<byte> fingerprint)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(Magic.Length), Version);
        fingerprint.CopyTo(header.AsSpan(FingerprintAt, FingerprintBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderChecksumAt), Crc32.HashToUInt32(header.AsSpan(0, HeaderChecksumAt)));
        return header;
    }

    /// <summary>Checks a whole header and returns the version, the layout of the entries and the fingerprint in it.</summary>
    public static (uint Version, TrajectoryFormat Format, byte[] Fingerprint) ReadHeader(string path, ReadOnlySpan<byte> header)
    {
        if (!header.StartsWith(Magic))
        {
            throw new InvalidInputException($"'{path}' does not start with ILZOTRJ1; the run log of a training run was expected.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[Magic.Length..]);
        if (version is 0 or > Version)
        {
            throw new InvalidInputException(
                $"'{path}' is a run log of version {version}; version {Version} or an earlier one was expected, which this version of ilzo "
                    + "reads.");
        }

        if (HeaderChecksum(header) != Crc32.HashToUInt32(header[..HeaderChecksumAt]))
        {
            throw new InvalidInputException($"'{path}' is damaged at byte 0: the checksum of the header does not fit.");
        }

        return (version, version == 1 ? s_first : s_current, header.Slice(FingerprintAt, FingerprintBytes).ToArray());
    }

    /// <summary>The checksum with which the chain of the entries starts.</summary>
    public static uint HeaderChecksum(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderChecksumAt..]);

    /// <summary>The bytes of an entry, and in <paramref name="chain"/> first the checksum before it and then its own.</summary>
    public static byte[] Encode(LogEntry entry, long index, ref uint chain)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(0L);
        EntryPayload.Write(writer, entry);
        int length = checked((int)stream.Length - s_current.StartBytes);
        writer.Write(0);
        byte[] bytes = stream.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), ~length);
        chain = Checksum(bytes.AsSpan(0, bytes.Length - ChecksumBytes), index, chain);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - ChecksumBytes), chain);
        return bytes;
    }

    /// <summary>The bytes of all entries of a log, in order.</summary>
    public static IReadOnlyList<byte[]> EncodeAll(ReadOnlySpan<byte> fingerprint, IReadOnlyList<LogEntry> entries)
    {
        uint chain = HeaderChecksum(Header(fingerprint));
        byte[][] bytes = new byte[entries.Count][];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = Encode(entries[i], i, ref chain);
        }

        return bytes;
    }

    /// <summary>
    /// Reads an entry that has its whole length. Null when the checksum does not fit, or the payload is none that this version has;
    /// <paramref name="chain"/> is as for <see cref="Encode"/>.
    /// </summary>
    public LogEntry? Decode(ReadOnlySpan<byte> bytes, long index, ref uint chain)
    {
        uint checksum = Checksum(bytes[..^ChecksumBytes], index, chain);
        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..])
            || DecodePayload(bytes[..^ChecksumBytes]) is not { } entry)
        {
            return null;
        }

        chain = checksum;
        return entry;
    }

    /// <summary>Reads an entry of the current layout from just its bytes; null where they are none.</summary>
    public static LogEntry? DecodeWhole(ReadOnlySpan<byte> bytes, long index, ref uint chain) =>
        bytes.Length >= s_current.StartBytes && s_current.EntryBytes(bytes) == bytes.Length
            ? s_current.Decode(bytes, index, ref chain)
            : null;

    /// <summary>
    /// The bytes of the entry that starts with these <see cref="StartBytes"/>; -1 when they contradict each other or exceed what an entry
    /// can have.
    /// </summary>
    public virtual long EntryBytes(ReadOnlySpan<byte> start)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(start);
        bool whole = BinaryPrimitives.ReadUInt32LittleEndian(start[4..]) == ~length;
        return whole ? Framed(length) : -1;
    }

    /// <summary>What the bytes of an entry without its checksum say, or null where they are none that this version has.</summary>
    protected virtual LogEntry? DecodePayload(ReadOnlySpan<byte> bytes) => EntryPayload.Read(bytes[StartBytes..]);

    /// <summary>The bytes of an entry of version 2 with a payload of this length; -1 where an array cannot hold them.</summary>
    private static long Framed(uint length)
    {
        long bytes = s_current.StartBytes + (long)length + ChecksumBytes;
        return bytes <= Array.MaxLength ? bytes : -1;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes, long index, uint chain)
    {
        Span<byte> seed = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(seed, index);
        BinaryPrimitives.WriteUInt32LittleEndian(seed[8..], chain);
        var checksum = new Crc32();
        checksum.Append(seed);
        checksum.Append(bytes);
        return checksum.GetCurrentHashAsUInt32();
    }
}
