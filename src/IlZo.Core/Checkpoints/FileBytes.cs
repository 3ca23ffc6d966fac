using System.IO.MemoryMappedFiles;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// The bytes of a weight file: a private mapping, whose pages are read from the disk when they are first touched and copied when they are
/// written to, or memory. The file never changes through it.
/// </summary>
internal sealed unsafe class FileBytes : IDisposable
{
    private readonly FileStream? _stream;
    private readonly FileState _state;
    private readonly int? _guard;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly NativeBuffer? _buffer;

    private FileBytes(string path)
    {
        // FileShare.Delete lets Windows rename over the file, as other systems always do.
        _stream = PlainFile.OpenRead(path, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            _state = FileState.Of(_stream.SafeFileHandle);
            Length = _state.Length;
            if (Length == 0)
            {
                // Nothing can be mapped; who parses the file reports the length.
                return;
            }

            _file = MemoryMappedFile.CreateFromFile(
                _stream, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.CopyOnWrite);
            byte* data = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
            Data = data + _view.PointerOffset;
            _guard = MappingGuard.Enter(path, Data, Length);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private FileBytes(NativeBuffer buffer)
    {
        _buffer = buffer;
        Data = (byte*)buffer.Data;
        Length = buffer.ByteCount;
    }

    public byte* Data { get; }

    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What it should be, for messages.</param>
    /// <exception cref="InvalidInputException">It does not exist or may not be read.</exception>
    public static FileBytes Map(string path, string expected)
    {
        try
        {
            return new FileBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"'{path}' does not exist; {expected} was expected.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException(
                $"'{path}' cannot be read: it is a folder or its permissions forbid it; {expected} was expected.", e);
        }
    }

    /// <summary>Copies bytes.</summary>
    public static FileBytes Copy(ReadOnlySpan<byte> content)
    {
        var buffer = new NativeBuffer(content.Length);
        content.CopyTo(new Span<byte>(buffer.Data, content.Length));
        return new FileBytes(buffer);
    }

    /// <summary>Where some bytes lie in the mapped file; null where they are memory.</summary>
    public FilePlace? PlaceOf(byte* start, long bytes) => _view is not null && start >= Data && start + bytes <= Data + Length
        ? new FilePlace(_stream!.Name, _stream.SafeFileHandle, start - Data)
        : null;

    /// <summary>The beginning, for telling what the file is.</summary>
    public ReadOnlySpan<byte> Start(int most) => new(Data, (int)Math.Min(Length, most));

    /// <exception cref="FileChangedException">The mapped file has another length or was written to.</exception>
    public void RequireUnchanged(string path)
    {
        if (_stream is not null)
        {
            Require(path, FileState.Of(_stream.SafeFileHandle));
        }
    }

    /// <exception cref="FileChangedException">As <see cref="RequireUnchanged"/>, or the path leads to another file now, or to
    /// none.</exception>
    public void RequireInPlace(string path)
    {
        RequireUnchanged(path);
        if (_stream is not null)
        {
            Require(path, FileState.Of(path));
        }
    }

    public void Dispose()
    {
        if (_guard is { } place && _stream is { SafeFileHandle.IsClosed: false })
        {
            MappingGuard.Leave(place);
        }

        if (Data != null && _view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _file?.Dispose();
        _stream?.Dispose();
        _buffer?.Dispose();
    }

    private void Require(string path, FileState? now)
    {
        if (_state.DifferenceOf(now) is { } difference)
        {
            throw new FileChangedException(path, difference);
        }
    }
}
