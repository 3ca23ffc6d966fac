using IlZo.Files;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>What a run log holds.</summary>
/// <param name="Version">The version of its layout.</param>
/// <param name="Fingerprint">The SHA-256 of the identity of the run.</param>
/// <param name="Entries">The valid entries, in their order.</param>
/// <param name="TornBytes">Bytes after the last whole entry: what a crash left of the one that was being written.</param>
internal sealed record TrajectoryContent(uint Version, byte[] Fingerprint, IReadOnlyList<LogEntry> Entries, long TornBytes)
{
    /// <summary>The steps among the entries.</summary>
    public IReadOnlyList<StepRecord> Records { get; } = [.. Entries.OfType<StepEntry>().Select(e => e.Record)];
}

/// <summary>Reads run logs; <see cref="TrajectoryWriter"/> says what they are.</summary>
internal static class TrajectoryReader
{
    /// <summary>Reads a run log, also that of a run that is under way, without changing it.</summary>
    /// <exception cref="InvalidInputException">
    /// The file does not exist, is not a run log, or is damaged somewhere before its end.
    /// </exception>
    public static TrajectoryContent ReadAll(string path)
    {
        try
        {
            using var stream = PlainFile.OpenRead(path, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            return Read(path, stream, out _);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{path}' cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Reads from the beginning; <paramref name="chain"/> is the checksum of the last valid entry.</summary>
    internal static TrajectoryContent Read(string path, Stream stream, out uint chain)
    {
        // A run may append meanwhile: what was there at the beginning counts.
        long length = stream.Length;
        if (length < TrajectoryFormat.HeaderBytes)
        {
            throw new InvalidInputException(
                $"'{path}' has {length} bytes; a run log starts with a header of {TrajectoryFormat.HeaderBytes} bytes.");
        }

        byte[] header = new byte[TrajectoryFormat.HeaderBytes];
        stream.ReadExactly(header);
        var (version, format, fingerprint) = TrajectoryFormat.ReadHeader(path, header);
        chain = TrajectoryFormat.HeaderChecksum(header);

        var entries = new List<LogEntry>();
        long position = header.Length;
        byte[] buffer = new byte[256];
        while (length - position >= format.StartBytes)
        {
            stream.ReadExactly(buffer, 0, format.StartBytes);
            long size = format.EntryBytes(buffer);
            if (size > length - position)
            {
                break;
            }

            LogEntry? entry = null;
            if (size > 0)
            {
                Array.Resize(ref buffer, (int)Math.Max(buffer.Length, size));
                stream.ReadExactly(buffer, format.StartBytes, (int)size - format.StartBytes);
                entry = format.Decode(buffer.AsSpan(0, (int)size), entries.Count, ref chain);
            }

            if (entry is null)
            {
                RequireTorn(path, stream, position, size > 0 ? size : format.StartBytes, length, entries.Count);
                break;
            }

            entries.Add(entry);
            position += size;
        }

        return new TrajectoryContent(version, fingerprint, entries, length - position);
    }

    /// <summary>
    /// An invalid entry is what a crash left only if nothing was written after it; zeros do not count, because file
    /// systems may have lengthened the file before the data came.
    /// </summary>
    private static void RequireTorn(string path, Stream stream, long position, long size, long length, int index)
    {
        stream.Position = position + size;
        for (long at = stream.Position; at < length; at++)
        {
            if (stream.ReadByte() != 0)
            {
                throw new InvalidInputException(
                    $"'{path}' is damaged: entry {index} at byte {position} is not valid, but more data follows; restore the file from a "
                        + "copy.");
            }
        }
    }
}
