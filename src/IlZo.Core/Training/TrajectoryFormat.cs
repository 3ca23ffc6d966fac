using System.Buffers.Binary;

namespace IlZo.Training;

/// <summary>
/// The layout of <c>trajectory.bin</c>; all numbers are little-endian.
/// <para>
/// Header, 48 bytes: the magic <c>ILZOTRJ1</c>; u32 version 1; 32 bytes SHA-256 of the run's configuration; u32 CRC-32 of
/// the 44 bytes before it.
/// </para>
/// <para>
/// Then records: u32 length of the payload; the payload; u32 CRC-32 of a seed, the length and the payload. The seed is the
/// record's index as u64 and the checksum before it in the file as u32, so a record is valid only in its place in its run.
/// </para>
/// <para>
/// Payload: i64 step; f64 learning rate; u32 flags, bit 0 = skipped; u32 number of losses; u32 number of coefficients; the
/// losses and then the coefficients as f64.
/// </para>
/// </summary>
internal static class TrajectoryFormat
{
    public const int HeaderBytes = 48;
    public const int FingerprintBytes = 32;

    /// <summary>Length and checksum around a payload.</summary>
    public const int FrameBytes = 8;

    /// <summary>The payload without its losses and coefficients.</summary>
    public const int FixedBytes = 28;

    private const uint Version = 1;
    private const int FingerprintAt = 12;
    private const int HeaderChecksumAt = HeaderBytes - 4;

    private static ReadOnlySpan<byte> Magic => "ILZOTRJ1"u8;

    public static byte[] Header(ReadOnlySpan<byte> fingerprint)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(Magic.Length), Version);
        fingerprint.CopyTo(header.AsSpan(FingerprintAt, FingerprintBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderChecksumAt), Crc32.Of(header.AsSpan(0, HeaderChecksumAt)));
        return header;
    }

    /// <summary>Checks a whole header and returns the fingerprint in it.</summary>
    public static byte[] ReadHeader(string path, ReadOnlySpan<byte> header)
    {
        if (!header.StartsWith(Magic))
        {
            throw new InvalidInputException($"'{path}' does not start with ILZOTRJ1; the run log of a training run was expected.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[Magic.Length..]);
        if (version != Version)
        {
            throw new InvalidInputException($"'{path}' is a run log of version {version}; version {Version} was expected.");
        }

        if (HeaderChecksum(header) != Crc32.Of(header[..HeaderChecksumAt]))
        {
            throw new InvalidInputException($"'{path}' is damaged at byte 0: the checksum of the header does not fit.");
        }

        return header.Slice(FingerprintAt, FingerprintBytes).ToArray();
    }

    /// <summary>The checksum with which the chain of the records starts.</summary>
    public static uint HeaderChecksum(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderChecksumAt..]);

    /// <summary>The bytes of a record, and in <paramref name="chain"/> first the checksum before it and then its own.</summary>
    public static byte[] Encode(StepRecord record, long index, ref uint chain)
    {
        int length = checked(FixedBytes + (sizeof(double) * (record.Losses.Length + record.Coefficients.Length)));
        byte[] bytes = new byte[length + FrameBytes];
        var rest = bytes.AsSpan();
        BinaryPrimitives.WriteInt32LittleEndian(rest, length);
        BinaryPrimitives.WriteInt64LittleEndian(rest[4..], record.Step);
        BinaryPrimitives.WriteDoubleLittleEndian(rest[12..], record.LearningRate);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[20..], record.Skipped ? 1u : 0u);
        BinaryPrimitives.WriteInt32LittleEndian(rest[24..], record.Losses.Length);
        BinaryPrimitives.WriteInt32LittleEndian(rest[28..], record.Coefficients.Length);
        rest = rest[(4 + FixedBytes)..];
        foreach (double value in record.Losses.Concat(record.Coefficients))
        {
            BinaryPrimitives.WriteDoubleLittleEndian(rest, value);
            rest = rest[sizeof(double)..];
        }

        chain = Checksum(bytes.AsSpan(0, length + 4), index, chain);
        BinaryPrimitives.WriteUInt32LittleEndian(rest, chain);
        return bytes;
    }

    /// <summary>
    /// Reads a record that has its whole length. False when the checksum does not fit, or a flag is set that version 1 does
    /// not have; <paramref name="chain"/> is as for <see cref="Encode"/>.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, long index, ref uint chain, out StepRecord? record)
    {
        record = null;
        uint checksum = Checksum(bytes[..^4], index, chain);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) || flags > 1)
        {
            return false;
        }

        chain = checksum;
        int losses = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        int coefficients = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        record = new StepRecord
        {
            Step = BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]),
            LearningRate = BinaryPrimitives.ReadDoubleLittleEndian(bytes[12..]),
            Skipped = flags == 1,
            Losses = Doubles(bytes[(4 + FixedBytes)..], losses),
            Coefficients = Doubles(bytes[(4 + FixedBytes + (sizeof(double) * losses))..], coefficients),
        };
        return true;
    }

    /// <summary>
    /// The bytes of the record that starts with these, which are the length and the fixed part of the payload; -1 when the
    /// length and the counts contradict each other or exceed what a record can have.
    /// </summary>
    public static long RecordBytes(ReadOnlySpan<byte> start)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(start);
        long numbers = (long)BinaryPrimitives.ReadUInt32LittleEndian(start[24..]) + BinaryPrimitives.ReadUInt32LittleEndian(start[28..]);
        return length == FixedBytes + (sizeof(double) * numbers) && length <= Array.MaxLength - FrameBytes ? length + FrameBytes : -1;
    }

    private static double[] Doubles(ReadOnlySpan<byte> bytes, int count)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(sizeof(double) * i)..]);
        }

        return values;
    }

    private static uint Checksum(ReadOnlySpan<byte> lengthAndPayload, long index, uint chain)
    {
        Span<byte> seed = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(seed, index);
        BinaryPrimitives.WriteUInt32LittleEndian(seed[8..], chain);
        return Crc32.Of(seed, lengthAndPayload);
    }
}
