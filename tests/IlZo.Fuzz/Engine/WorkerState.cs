using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace IlZo.Fuzz.Engine;

/// <summary>
/// What a worker has done, in a file that is mapped into memory: it outlives the worker, however that ends. Behind the numbers is the input
/// that is being worked on.
/// </summary>
internal sealed unsafe class WorkerState : IDisposable
{
    /// <summary>The longest input.</summary>
    public const int MaxInput = 1 << 20;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    /// <param name="path">The file; it is made where there is none.</param>
    public WorkerState(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, sizeof(Numbers) + MaxInput);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
    }

    /// <summary>The numbers.</summary>
    public ref Numbers Values => ref *(Numbers*)_data;

    /// <summary>The input that is being worked on.</summary>
    public ReadOnlySpan<byte> Input => new(_data + sizeof(Numbers), Values.InputLength);

    /// <summary>Says what is being worked on.</summary>
    public void Begin(ReadOnlySpan<byte> input)
    {
        input.CopyTo(new Span<byte>(_data + sizeof(Numbers), MaxInput));
        Values.InputLength = input.Length;
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>What a worker counts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Numbers
    {
        public long Inputs;
        public long Accepted;
        public long PeakBytes;
        public int SeedEdges;
        public int Edges;
        public int Corpus;
        public int Findings;
        public int HasHung;
        public int InputLength;
    }
}
