using System.IO.MemoryMappedFiles;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// An open safetensors file. It is mapped copy-on-write: pages are read from disk when they are first touched, and the
/// tensors may be written to, which makes private copies of the touched pages and never changes the file. So a tensor's
/// address can serve as trainable memory. A file may be replaced by a rename while it is open; nobody may write into it
/// or shorten it, which <see cref="RequireUnchanged"/> detects.
/// </summary>
/// <remarks>What the file is part of keeps it mapped: the checkpoint and the model that it was opened for, until they are disposed of.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly UseGuard _use;
    private readonly IDisposable _memory;

    private SafetensorsFile(string path, byte* data, long length, IDisposable memory)
    {
        _use = new UseGuard(nameof(SafetensorsFile), Release);
        Path = path;
        (var tensors, var metadata) = SafetensorsHeader.Parse(path, data, length);
        Tensors = tensors;
        Metadata = metadata;
        _memory = memory;
    }

    /// <summary>The path, or the display name of a file that was given as bytes.</summary>
    public string Path { get; }

    /// <summary>The strings under <c>__metadata__</c>; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order in which they lie in the file. They are valid until the file is disposed.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Maps a file and checks its header. The weights are not read.</summary>
    /// <exception cref="InvalidInputException">The file does not exist, may not be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        Mapping? mapping = null;
        try
        {
            mapping = new Mapping(path);
            return new SafetensorsFile(path, mapping.Data, mapping.Length, mapping);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"'{path}' does not exist; a safetensors file was expected.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException(
                $"'{path}' cannot be read: it is a folder or its permissions forbid it; a safetensors file was expected.", e);
        }
        catch
        {
            mapping?.Dispose();
            throw;
        }
    }

    /// <summary>Copies the bytes of a file out of memory, for models that are embedded in an assembly.</summary>
    /// <param name="displayName">What messages call the file.</param>
    /// <param name="content">The whole file.</param>
    /// <exception cref="InvalidInputException">The content breaks a rule of the format.</exception>
    public static SafetensorsFile FromMemory(string displayName, ReadOnlySpan<byte> content)
    {
        var buffer = new NativeBuffer(content.Length);
        try
        {
            content.CopyTo(new Span<byte>(buffer.Data, content.Length));
            return new SafetensorsFile(displayName, (byte*)buffer.Data, content.Length, buffer);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Refuses to go on where the file has another length or was written to since it was opened: cheap enough to ask whenever results are
    /// handed out, since nothing of the file is read.
    /// </summary>
    /// <exception cref="FileChangedException">It has changed.</exception>
    public void RequireUnchanged() => (_memory as Mapping)?.RequireUnchanged(Path);

    /// <summary>As <see cref="RequireUnchanged"/>, and refuses too where the path leads to another file now, or to none.</summary>
    /// <exception cref="FileChangedException">It has changed or was replaced.</exception>
    public void RequireInPlace() => (_memory as Mapping)?.RequireInPlace(Path);

    /// <summary>Unmaps the file, unless it is part of something; its tensors cannot be reached any more.</summary>
    public void Dispose() => _use.Dispose();

    /// <summary>Keeps the file mapped until the use ends.</summary>
    internal UseGuard.Use Hold() => _use.Share();

    private void Release()
    {
        foreach (var tensor in Tensors)
        {
            tensor.Release();
        }

        _memory.Dispose();
    }

    private sealed class Mapping : IDisposable
    {
        private readonly FileStream _stream;
        private readonly FileState _state;
        private readonly int? _guard;
        private readonly MemoryMappedFile? _file;
        private readonly MemoryMappedViewAccessor? _view;

        public Mapping(string path)
        {
            // FileShare.Delete lets Windows rename over the file, as other systems always do.
            _stream = PlainFile.OpenRead(path, FileShare.Read | FileShare.Delete, bufferSize: 0);
            try
            {
                _state = FileState.Of(_stream.SafeFileHandle);
                Length = _state.Length;
                if (Length == 0)
                {
                    // Nothing can be mapped; the header check reports the length.
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

        public byte* Data { get; }

        public long Length { get; }

        public void RequireUnchanged(string path) => Require(path, FileState.Of(_stream.SafeFileHandle));

        public void RequireInPlace(string path)
        {
            RequireUnchanged(path);
            Require(path, FileState.Of(path));
        }

        public void Dispose()
        {
            if (_guard is { } place && !_stream.SafeFileHandle.IsClosed)
            {
                MappingGuard.Leave(place);
            }

            if (Data != null)
            {
                _view!.SafeMemoryMappedViewHandle.ReleasePointer();
            }

            _view?.Dispose();
            _file?.Dispose();
            _stream.Dispose();
        }

        private void Require(string path, FileState? now)
        {
            if (_state.DifferenceOf(now) is { } difference)
            {
                throw new FileChangedException(path, difference);
            }
        }
    }
}
