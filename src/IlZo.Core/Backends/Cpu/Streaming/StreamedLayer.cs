using IlZo.Files;
using IlZo.Machine;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Cpu.Streaming;

/// <summary>
/// The weights of a layer that is in memory only while a pass reads it. Those that are frozen lie in the checkpoint's file. Those that are
/// trained lie in a work file as they were after some update; the updates after that one wait here, and are made each time the weights are
/// brought in.
/// </summary>
internal sealed unsafe class StreamedLayer
{
    private const int Alignment = 64;

    private readonly (nint Start, long Bytes)[] _frozen;
    private readonly Parameter[] _trained;
    private readonly long[] _places;
    private readonly IReadOnlyList<RowBlock> _blocks;
    private readonly List<WeightUpdate> _waiting = [];
    private WorkFile? _file;
    private long _offset;

    /// <param name="tensors">The layer's tensors, all of them pages of mapped files.</param>
    public StreamedLayer(IReadOnlyList<Parameter> tensors)
    {
        _frozen = Ranges(tensors.Where(p => !p.IsTrained));
        _trained = [.. tensors.Where(p => p.IsTrained)];
        _places = new long[_trained.Length];
        _blocks = RowBlock.Of(_trained);
        long end = 0;
        for (int i = 0; i < _trained.Length; i++)
        {
            _places[i] = Aligned(end, Alignment);
            end = _places[i] + _trained[i].ByteCount;
        }

        WorkBytes = Aligned(end, Environment.SystemPageSize);
    }

    /// <summary>Bytes of whole pages that the trained weights take in a work file, and in memory.</summary>
    public long WorkBytes { get; }

    /// <summary>How many updates wait for being written.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Whether an update can only be made once: a rule that keeps numbers for each element changes them too.</summary>
    public bool MustBeWritten => _waiting.Exists(update => update.Rule.StateBytes > 0);

    /// <summary>Moves the trained weights to a place in a work file, which begins a page.</summary>
    public void MoveTo(WorkFile file, long offset)
    {
        (_file, _offset) = (file, offset);
        for (int i = 0; i < _trained.Length; i++)
        {
            for (int piece = 0; piece < ParameterPieces.Count(_trained[i]); piece++)
            {
                ParameterPieces.Populate(_trained[i], piece);
                file.Write(offset + _places[i] + ((long)piece * ParameterPieces.Bytes), ParameterPieces.Read(_trained[i], piece));
                ParameterPieces.Drop(_trained[i], piece);
            }
        }

        Place(file.Data + offset);
    }

    /// <summary>Takes an update of some of the model's tensors, if it changes any of these.</summary>
    public void Add(in WeightUpdate update)
    {
        if (Array.Exists(_trained, update.Parameters.Contains))
        {
            _waiting.Add(update);
        }
    }

    /// <summary>Brings the layer in as it is on the disk.</summary>
    /// <param name="room">Memory for the trained weights, <see cref="WorkBytes"/> or more.</param>
    public void Read(byte* room)
    {
        foreach (var (start, bytes) in _frozen)
        {
            PageAdvice.Populate(start, bytes);
        }

        _file?.Read(_offset, room, WorkBytes);
    }

    /// <summary>Lets the trained weights be where they were read to, and makes the updates that wait.</summary>
    public void Enter(byte* room, WeightUpdater updater)
    {
        Place(room);
        if (_waiting.Count > 0)
        {
            updater.Update(_blocks, [.. _waiting]);
        }
    }

    /// <summary>Writes the trained weights to the disk from where they are in memory.</summary>
    public void Write(byte* room) => _file!.Write(_offset, room, WorkBytes);

    /// <summary>Lets the trained weights be where they lie in the file.</summary>
    /// <param name="isWritten">Whether they are about to be written there as they are, so that nothing waits any more.</param>
    public void Leave(bool isWritten)
    {
        if (_file is not null)
        {
            Place(_file.Data + _offset);
        }

        if (isWritten)
        {
            _waiting.Clear();
        }

        Drop();
    }

    /// <summary>Gives the pages of files back.</summary>
    public void Drop()
    {
        foreach (var (start, bytes) in _frozen)
        {
            PageAdvice.Drop(start, bytes);
        }

        if (_file is not null)
        {
            PageAdvice.Drop((nint)_file.Data + (nint)_offset, WorkBytes);
        }
    }

    private void Place(byte* room)
    {
        for (int i = 0; i < _trained.Length; i++)
        {
            _trained[i].MoveTo(room + _places[i]);
        }
    }

    private static long Aligned(long at, int alignment) => (at + alignment - 1) / alignment * alignment;

    // Tensors that lie side by side in the file are one range: there is no page between them that has to stay.
    private static (nint Start, long Bytes)[] Ranges(IEnumerable<Parameter> tensors)
    {
        var ranges = new List<(nint Start, long Bytes)>();
        foreach (var (start, bytes) in tensors.Select(p => ((nint)p.Data, p.ByteCount)).OrderBy(r => r.Item1))
        {
            if (ranges.Count > 0 && ranges[^1].Start + (nint)ranges[^1].Bytes == start)
            {
                ranges[^1] = (ranges[^1].Start, ranges[^1].Bytes + bytes);
            }
            else
            {
                ranges.Add((start, bytes));
            }
        }

        return [.. ranges];
    }
}
