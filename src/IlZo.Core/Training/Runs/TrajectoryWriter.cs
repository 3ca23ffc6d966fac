namespace IlZo.Training;

/// <summary>
/// The append-only log of a run, <c>trajectory.bin</c>. The ordered list of its steps is everything that ever changed the
/// weights, so a run is resumed, replayed and checked from it. Each entry carries a checksum that chains it to the one
/// before; <c>TrajectoryFormat</c> gives the layout.
/// </summary>
internal sealed class TrajectoryWriter : IDisposable
{
    // What .NET reports where another process holds a file: Windows' code, or errno.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    private readonly FileStream _lock;
    private readonly FileStream _stream;
    private long _end;
    private uint _chain;

    private TrajectoryWriter(string path, ReadOnlySpan<byte> fingerprint)
    {
        _lock = Lock(path);
        try
        {
            // Unbuffered, so that each entry is in the hands of the operating system when Append returns.
            _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            try
            {
                Entries = ReadOrCreate(path, fingerprint);
            }
            catch
            {
                _stream.Dispose();
                throw;
            }
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The entries that were in the file when it was opened.</summary>
    public IReadOnlyList<LogEntry> Entries { get; }

    /// <summary>The number of entries in the file, with those that were appended since.</summary>
    public long Count { get; private set; }

    /// <summary>The bytes that were cut off the end when the file was opened, because a crash had left part of an entry.</summary>
    public long CutBytes { get; private set; }

    /// <summary>Creates a run log, or opens one for appending and cuts off what a crash left of its last entry.</summary>
    /// <param name="path">The file. Beside it an empty file with the suffix <c>.lock</c> keeps a second writer out.</param>
    /// <param name="fingerprint">The SHA-256 of the run's configuration, 32 bytes.</param>
    /// <exception cref="InvalidInputException">
    /// The file belongs to another configuration, is not a run log, is damaged before its end, or is being written by
    /// another process.
    /// </exception>
    public static TrajectoryWriter Open(string path, ReadOnlySpan<byte> fingerprint) =>
        fingerprint.Length == TrajectoryFormat.FingerprintBytes
            ? new TrajectoryWriter(path, fingerprint)
            : throw new ArgumentException($"A fingerprint has {TrajectoryFormat.FingerprintBytes} bytes.", nameof(fingerprint));

    /// <summary>Appends an entry in one write. A failed write is taken back, and may be tried again.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Append(LogEntry entry)
    {
        uint chain = _chain;
        Append(TrajectoryFormat.Encode(entry, Count, ref chain), chain);
    }

    /// <summary>The bytes that <see cref="Append(LogEntry)"/> would append.</summary>
    public byte[] Encode(LogEntry entry)
    {
        uint chain = _chain;
        return TrajectoryFormat.Encode(entry, Count, ref chain);
    }

    /// <summary>Appends the bytes of an entry that was decided elsewhere.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="InvalidInputException">They are no entry, or none that follows from those before.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public LogEntry Append(byte[] bytes)
    {
        uint chain = _chain;
        var entry = TrajectoryFormat.DecodeWhole(bytes, Count, ref chain) ?? throw new InvalidInputException(
            $"'{_stream.Name}': the run's common log has an entry {Count} that does not follow from the {Count} before it; one that does "
                + "was expected.");
        Append(bytes, chain);
        return entry;
    }

    private void Append(byte[] bytes, uint chain)
    {
        try
        {
            RandomAccess.Write(_stream.SafeFileHandle, bytes, _end);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_stream.SafeFileHandle, _end);
            throw;
        }

        _end += bytes.Length;
        _chain = chain;
        Count++;
    }

    /// <summary>
    /// Whether the file under its name is still the one that is written, so that the folder was neither moved nor deleted meanwhile.
    /// </summary>
    public bool IsInPlace => new FileInfo(_stream.Name) is { Exists: true } file && file.Length == _end;

    /// <summary>
    /// With <paramref name="toDisk"/>, makes the appended entries outlive a failure of the machine; they outlive the process
    /// without it.
    /// </summary>
    public void Flush(bool toDisk) => _stream.Flush(toDisk);

    public void Dispose()
    {
        _stream.Dispose();
        _lock.Dispose();
    }

    /// <summary>The file beside a log that whoever writes the log has locked.</summary>
    internal static string LockOf(string path) => path + ".lock";

    /// <summary>
    /// Outside Windows a shared file is not guarded against a second writer, and one that is not shared could not be read
    /// during the run. The lock file stays, because deleting it would let two writers lock different files of that name.
    /// </summary>
    internal static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(LockOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (e.HResult is SharingViolation or LinuxWouldBlock or MacWouldBlock)
        {
            throw new InvalidInputException($"'{path}' is being written by another run: '{LockOf(path)}' is locked.", e);
        }
    }

    private IReadOnlyList<LogEntry> ReadOrCreate(string path, ReadOnlySpan<byte> fingerprint)
    {
        byte[] header = TrajectoryFormat.Header(fingerprint);
        if (_stream.Length < header.Length && IsStartOf(header))
        {
            RandomAccess.Write(_stream.SafeFileHandle, header, 0);
            _stream.Flush(flushToDisk: true);
        }

        var content = TrajectoryReader.Read(path, new BufferedStream(_stream, 1 << 16), out _chain);
        if (!content.Fingerprint.AsSpan().SequenceEqual(fingerprint))
        {
            throw new InvalidInputException(
                $"'{path}' belongs to a run with another configuration, of fingerprint {Convert.ToHexStringLower(content.Fingerprint)}; "
                + $"{Convert.ToHexStringLower(fingerprint)} was expected.");
        }

        if (content.Version != TrajectoryFormat.Version)
        {
            throw new InvalidInputException(
                $"'{path}' is a run log of version {content.Version}, which is read and not written; version {TrajectoryFormat.Version} "
                    + "was expected.");
        }

        CutBytes = content.TornBytes;
        Count = content.Entries.Count;
        _end = _stream.Length - content.TornBytes;
        _stream.SetLength(_end);
        return content.Entries;
    }

    /// <summary>Whether the file is new, or a crash interrupted the writing of this header.</summary>
    private bool IsStartOf(byte[] header)
    {
        byte[] present = new byte[_stream.Length];
        _stream.ReadExactly(present);
        _stream.Position = 0;
        return header.AsSpan().StartsWith(present);
    }
}
