using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using IlZo.Backends;
using IlZo.Training;

namespace IlZo.Clusters;

/// <summary>
/// The first entry of a run's common log: what the run is. Bytes, little-endian: the magic <c>IZG1</c>; u8 split; u8 1 for mixed engines;
/// u16 queries that a step waits for, 0 for all; u32 steps between marks; u32 length of the configuration; the configuration, as
/// config.json has it; u32 CRC-32 of all bytes before it.
/// </summary>
/// <param name="Settings">What its workers agree on.</param>
/// <param name="Configuration">The bytes of config.json.</param>
internal sealed record Genesis(ClusterSettings Settings, ReadOnlyMemory<byte> Configuration)
{
    private const int HeaderBytes = 16;
    private const int ChecksumBytes = 4;

    private static ReadOnlySpan<byte> Magic => "IZG1"u8;

    /// <summary>
    /// The name of a run among those of a server: 16 hexadecimal digits that follow from all that identifies it but its engine, so that
    /// whoever asks for the same run on another kind of machine meets the others.
    /// </summary>
    public static string NameOf(RunConfiguration configuration)
    {
        var identity = RunIdentity.Of(configuration).Where(p => p.Key is not ("engine" or "precision"));
        byte[] hash = Sha256.Hash(Encoding.UTF8.GetBytes(string.Join('\n', identity.Select(p => $"{p.Key}={p.Value}"))));
        return Convert.ToHexStringLower(hash.AsSpan(0, 8));
    }

    /// <summary>The run's configuration.</summary>
    /// <param name="name">What the log is called in messages.</param>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public RunConfiguration Parse(string name) => RunConfiguration.Parse(name, Configuration.ToArray());

    /// <summary>The entry as bytes.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[HeaderBytes + Configuration.Length + ChecksumBytes];
        Magic.CopyTo(bytes);
        bytes[4] = (byte)Settings.Split;
        bytes[5] = Settings.MixedEngines ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), checked((ushort)Settings.Quorum));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Settings.MarkEvery);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Configuration.Length);
        Configuration.Span.CopyTo(bytes.AsSpan(HeaderBytes));
        var rest = bytes.AsSpan(..^ChecksumBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(rest.Length), Crc32.HashToUInt32(rest));
        return bytes;
    }

    /// <summary>Reads the first entry of a log.</summary>
    /// <param name="bytes">Its bytes; null where there is none.</param>
    /// <param name="name">The run's name.</param>
    /// <exception cref="InvalidInputException">The bytes are none.</exception>
    public static Genesis Require(byte[]? bytes, string name) => Decode(bytes) ?? throw new InvalidInputException(
        $"The log of run {name} does not begin with what a run is; a log that an ilzo of this version has begun was expected.");

    /// <summary>Reads the first entry of a log; null where the bytes are none.</summary>
    public static Genesis? Decode(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (bytes.Length < HeaderBytes + ChecksumBytes || !span.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(span[^ChecksumBytes..]) != Crc32.HashToUInt32(span[..^ChecksumBytes])
            || !Enum.IsDefined((WorkSplit)span[4]) || span[5] > 1
            || BinaryPrimitives.ReadInt32LittleEndian(span[8..]) is var marks && marks < 0
            || BinaryPrimitives.ReadInt32LittleEndian(span[12..]) != bytes.Length - HeaderBytes - ChecksumBytes)
        {
            return null;
        }

        int quorum = BinaryPrimitives.ReadUInt16LittleEndian(span[6..]);
        return new Genesis(new ClusterSettings((WorkSplit)span[4], span[5] == 1, marks, quorum), bytes[HeaderBytes..^ChecksumBytes]);
    }
}
