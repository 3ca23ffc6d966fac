using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu.Streaming;

/// <summary>
/// The weights of a layer that is in memory only while a pass reads it. Those that are frozen lie in the checkpoint's file; those that are
/// trained lie in a work file, as they were after some update.
/// </summary>
internal sealed unsafe class StreamedLayer
{
    // What lies between two tensors of a file is read too where it is less than this.
    private const int Gap = 4096;

    private readonly Parameter[] _tensors;
    private readonly Parameter[] _trained;
    private readonly List<Range> _ranges = [];
    private readonly Dictionary<Parameter, (long InRoom, nint InFile)> _places = [];
    private Range? _work;

    /// <param name="tensors">The layer's tensors, all of them in files.</param>
    public StreamedLayer(IReadOnlyList<Parameter> tensors)
    {
        _tensors = [.. tensors];
        _trained = [.. tensors.Where(p => p.IsTrained)];
        Blocks = RowBlock.Of(_trained);
        WorkBytes = ParameterPieces.Aligned(ParameterPieces.Arrange(_trained).End, Environment.SystemPageSize);
    }

    /// <summary>The trained weights.</summary>
    public IReadOnlyList<RowBlock> Blocks { get; }

    /// <summary>Bytes of whole pages that the trained weights take in a work file.</summary>
    public long WorkBytes { get; }

    /// <summary>Bytes that the layer takes in memory, once its tensors are where they stay.</summary>
    public long RoomBytes { get; private set; }

    /// <summary>Moves the trained weights to a place in a work file, where a page begins.</summary>
    public void MoveTo(WorkFile file, long offset)
    {
        long[] places = ParameterPieces.Arrange(_trained).Places;
        for (int i = 0; i < places.Length; i++)
        {
            var place = file.Start with { Offset = offset + places[i] };
            ParameterPieces.ReadAll(
                _trained[i], drops: true, (bytes, inTensor) => (place with { Offset = place.Offset + inTensor }).Write(bytes));
            _trained[i].MoveTo(place, file.Data + place.Offset);
        }
    }

    /// <summary>Lays out the memory that the layer is read to: what lies side by side in a file does so there.</summary>
    public void Arrange()
    {
        foreach (var parameter in _tensors.OrderBy(p => p.Place!.Path, StringComparer.Ordinal).ThenBy(p => p.Place!.Offset))
        {
            var place = parameter.Place!;
            bool follows = _ranges.Count > 0 && _ranges[^1] is var last && last.From.File == place.File
                && place.Offset - (last.From.Offset + last.Bytes) is >= 0 and < Gap;
            if (!follows)
            {
                // Elements stay aligned as they are in the file.
                RoomBytes = ParameterPieces.Aligned(RoomBytes) + (place.Offset % ParameterPieces.Alignment);
                _ranges.Add(new Range(place, RoomBytes, 0));
            }

            var range = _ranges[^1];
            long inRange = place.Offset - range.From.Offset;
            _ranges[^1] = range with { Bytes = inRange + parameter.ByteCount };
            _places.Add(parameter, (range.InRoom + inRange, (nint)parameter.Data));
            RoomBytes = range.InRoom + _ranges[^1].Bytes;
        }

        _work = _trained.Length == 0 ? null : _ranges.Find(r => r.From.File == _trained[0].Place!.File);
    }

    /// <summary>Reads the layer as it is on the disk.</summary>
    /// <param name="room">Memory of <see cref="RoomBytes"/>.</param>
    public void Read(byte* room)
    {
        foreach (var range in _ranges)
        {
            range.From.Read(room + range.InRoom, range.Bytes);
        }
    }

    /// <summary>Lets the weights be where they were read to.</summary>
    public void Enter(byte* room)
    {
        foreach (var (parameter, place) in _places)
        {
            parameter.Data = room + place.InRoom;
        }
    }

    /// <summary>Lets the weights be where they lie in files.</summary>
    public void Leave()
    {
        foreach (var (parameter, place) in _places)
        {
            parameter.Data = (byte*)place.InFile;
        }
    }

    /// <summary>Writes the trained weights to the disk from where they are in memory.</summary>
    public void Write(byte* room) => _work!.From.Write(room + _work.InRoom, _work.Bytes);

    /// <summary>Gives back the pages of files that were read elsewhere than in a pass.</summary>
    public void Drop()
    {
        foreach (var parameter in _tensors)
        {
            for (int piece = 0; piece < ParameterPieces.Count(parameter); piece++)
            {
                ParameterPieces.Drop(parameter, piece);
            }
        }
    }

    private sealed record Range(FilePlace From, long InRoom, long Bytes);
}
