namespace IlZo.Training;

/// <summary>What a run log holds.</summary>
/// <param name="Fingerprint">The SHA-256 of the configuration of the run.</param>
/// <param name="Records">The valid records, in the order of the steps.</param>
/// <param name="TornBytes">Bytes after the last whole record: what a crash left of the record that was being written.</param>
public sealed record TrajectoryContent(byte[] Fingerprint, IReadOnlyList<StepRecord> Records, long TornBytes);

/// <summary>Reads run logs; <see cref="TrajectoryWriter"/> says what they are.</summary>
public static class TrajectoryReader
{
    /// <summary>Reads a run log, also that of a run that is under way, without changing it.</summary>
    /// <exception cref="InvalidInputException">
    /// The file does not exist, is not a run log, or is damaged somewhere before its end.
    /// </exception>
    public static TrajectoryContent ReadAll(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            return Read(path, stream, out _);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{path}' cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Reads from the beginning; <paramref name="chain"/> is the checksum of the last valid record.</summary>
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
        byte[] fingerprint = TrajectoryFormat.ReadHeader(path, header);
        chain = TrajectoryFormat.HeaderChecksum(header);

        var records = new List<StepRecord>();
        long position = header.Length;
        byte[] buffer = new byte[256];
        const int startBytes = 4 + TrajectoryFormat.FixedBytes;
        while (length - position >= startBytes)
        {
            stream.ReadExactly(buffer, 0, startBytes);
            long size = TrajectoryFormat.RecordBytes(buffer);
            if (size > length - position)
            {
                break;
            }

            StepRecord? record = null;
            if (size > 0)
            {
                Array.Resize(ref buffer, (int)Math.Max(buffer.Length, size));
                stream.ReadExactly(buffer, startBytes, (int)size - startBytes);
                TrajectoryFormat.TryDecode(buffer.AsSpan(0, (int)size), records.Count, ref chain, out record);
            }

            if (record == null)
            {
                RequireTorn(path, stream, position, size > 0 ? size : startBytes, length, records.Count);
                break;
            }

            records.Add(record);
            position += size;
        }

        return new TrajectoryContent(fingerprint, records, length - position);
    }

    /// <summary>
    /// An invalid record is what a crash left only if nothing was written after it; zeros do not count, because file
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
                    $"'{path}' is damaged: record {index} at byte {position} is not valid, but more data follows; restore the file from a copy.");
            }
        }
    }
}
