using System.Buffers.Binary;
using System.Text;

namespace IlZo.Checkpoints.Torch;

/// <summary>A file in a zip archive: where its bytes lie.</summary>
/// <param name="Name">Its path in the archive.</param>
/// <param name="Offset">The first of its stored bytes.</param>
/// <param name="StoredLength">How many are stored.</param>
/// <param name="Length">How many there are when unpacked.</param>
/// <param name="IsCompressed">Whether they are deflated; else they are stored as they are.</param>
internal sealed record ZipEntry(string Name, long Offset, long StoredLength, long Length, bool IsCompressed);

/// <summary>
/// The directory of a zip archive, which stands at its end, with the 64-bit records that torch writes. .NET's own reader does not say where
/// the bytes of a file lie, which mapping them needs.
/// Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
/// </summary>
internal static unsafe class ZipDirectory
{
    /// <summary>How many bytes a deflated byte stands for at most.</summary>
    public const int LargestExpansion = 1032;

    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int WideEndBytes = 56;
    private const int CentralBytes = 46;
    private const int LocalBytes = 30;
    private const uint EndMark = 0x06054B50;
    private const uint LocatorMark = 0x07064B50;
    private const uint WideEndMark = 0x06064B50;
    private const uint CentralMark = 0x02014B50;
    private const uint LocalMark = 0x04034B50;
    private const ushort WideField = 1;

    /// <summary>Reads the directory; every entry lies within the file.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="data">Its bytes.</param>
    /// <param name="length">How many there are.</param>
    /// <exception cref="InvalidInputException">It breaks a rule of the format, or is encrypted or compressed by another method than
    /// deflate.</exception>
    public static Dictionary<string, ZipEntry> Parse(string file, byte* data, long length)
    {
        long end = FindEnd(data, length) ?? throw new InvalidInputException(
            $"'{file}' begins as a zip archive and has no directory at its end, so its end is missing; it has to be downloaded again.");
        var (count, at) = Locate(file, data, length, end);
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        for (ulong i = 0; i < count; i++)
        {
            var header = Part(file, data, length, at, CentralBytes, "directory");
            if (U32(header) != CentralMark)
            {
                throw Broken(file, $"entry {i} of its directory does not begin as one");
            }

            int name = U16(header[28..]), extra = U16(header[30..]), comment = U16(header[32..]);
            var tail = Part(file, data, length, checked(at + CentralBytes), name + extra, "directory");
            var entry = Entry(file, data, length, header, tail[..name], tail[name..]);
            if (!entries.TryAdd(entry.Name, entry))
            {
                throw Broken(file, $"'{SafetensorsHeader.Printable(entry.Name)}' is in it twice");
            }

            at += CentralBytes + name + extra + comment;
        }

        return entries;
    }

    private static long? FindEnd(byte* data, long length)
    {
        long least = Math.Max(0, length - EndBytes - ushort.MaxValue);
        for (long at = length - EndBytes; at >= least; at--)
        {
            if (U32(new ReadOnlySpan<byte>(data + at, sizeof(uint))) == EndMark)
            {
                return at;
            }
        }

        return null;
    }

    // How many entries there are and where the first stands: in the 64-bit record where there is one.
    private static (ulong Count, long At) Locate(string file, byte* data, long length, long end)
    {
        var record = new ReadOnlySpan<byte>(data + end, EndBytes);
        if (end >= LocatorBytes && new ReadOnlySpan<byte>(data + end - LocatorBytes, LocatorBytes) is var locator
            && U32(locator) == LocatorMark)
        {
            var wide = Part(file, data, length, Position(file, U64(locator[8..]), length), WideEndBytes, "64-bit record");
            return U32(wide) == WideEndMark
                ? (U64(wide[32..]), Position(file, U64(wide[48..]), length))
                : throw Broken(file, "its 64-bit record is not where it says");
        }

        return (U16(record[10..]), U32(record[16..]));
    }

    private static ZipEntry Entry(
        string file, byte* data, long length, ReadOnlySpan<byte> header, ReadOnlySpan<byte> nameBytes, ReadOnlySpan<byte> extra)
    {
        string name = Encoding.UTF8.GetString(nameBytes);
        int flags = U16(header[8..]), method = U16(header[10..]);
        ulong stored = U32(header[20..]), unpacked = U32(header[24..]), at = U32(header[42..]);
        Widen(extra, ref unpacked, ref stored, ref at);
        if ((flags & 1) != 0 || method is not (0 or 8))
        {
            throw Broken(file, $"'{SafetensorsHeader.Printable(name)}' in it is encrypted or compressed by method {method}; stored bytes "
                + "or deflated ones were expected");
        }

        long start = Position(file, at, length);
        var local = Part(file, data, length, start, LocalBytes, "entry");
        if (U32(local) != LocalMark)
        {
            throw Broken(file, $"'{SafetensorsHeader.Printable(name)}' is not where its directory says");
        }

        // What its local header says of its length does not count, since it may follow behind the bytes.
        long offset = start + LocalBytes + U16(local[26..]) + U16(local[28..]);
        if (offset > length || stored > (ulong)(length - offset))
        {
            throw Broken(file, $"'{SafetensorsHeader.Printable(name)}' in it ends beyond the file");
        }

        bool compressed = method != 0;
        if (compressed ? unpacked > (stored + 1) * LargestExpansion : unpacked != stored)
        {
            throw Broken(file, $"'{SafetensorsHeader.Printable(name)}' in it has {stored} bytes that cannot be {unpacked}");
        }

        return new ZipEntry(name, offset, (long)stored, (long)unpacked, compressed);
    }

    // The 64-bit field holds those numbers, in this order, that do not fit their places.
    private static void Widen(ReadOnlySpan<byte> extra, ref ulong unpacked, ref ulong stored, ref ulong at)
    {
        while (extra.Length >= 4)
        {
            int size = Math.Min(U16(extra[2..]), extra.Length - 4);
            if (U16(extra) == WideField)
            {
                var field = extra.Slice(4, size);
                Take(ref field, ref unpacked);
                Take(ref field, ref stored);
                Take(ref field, ref at);
                return;
            }

            extra = extra[(4 + size)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref ulong value)
        {
            if (value == uint.MaxValue && field.Length >= sizeof(ulong))
            {
                value = U64(field);
                field = field[sizeof(ulong)..];
            }
        }
    }

    private static ReadOnlySpan<byte> Part(string file, byte* data, long length, long at, int count, string what) =>
        at <= length - count ? new ReadOnlySpan<byte>(data + at, count) : throw Broken(file, $"its {what} ends beyond the file");

    private static long Position(string file, ulong at, long length) =>
        at <= (ulong)length ? (long)at : throw Broken(file, $"it names a place at byte {at} of its {length}");

    private static ushort U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static ulong U64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static InvalidInputException Broken(string file, string problem) =>
        new($"'{file}' is a damaged zip archive: {problem}; the file as torch.save wrote it was expected.");
}
