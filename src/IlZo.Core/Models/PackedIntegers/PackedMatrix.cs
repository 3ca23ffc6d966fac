using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Blocks;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.PackedIntegers;

/// <summary>
/// A matrix [outputs, inputs] as GPTQ and AWQ store it: w[o, i] = scales[g, o]·(q[i, o] − zeros[g, o]) with the group g of input i, in the
/// tensors <c>qweight</c> and <c>qzeros</c> (<see cref="IntegerPacking"/>), <c>scales</c> [groups, outputs] and, for GPTQ,
/// <c>g_idx</c>, the group of each input. It becomes blocks of 32 inputs, each with the scale and the zero of its group.
/// </summary>
internal sealed unsafe class PackedMatrix : IQuantizedMatrix
{
    private const string CodesSuffix = ".qweight";
    private const string ZerosSuffix = ".qzeros";
    private const string ScalesSuffix = ".scales";
    private const string GroupsSuffix = ".g_idx";
    private const int BlockElements = 32;

    // In the order in which messages name one of them where another is missing.
    private static readonly string[] s_suffixes = [CodesSuffix, ZerosSuffix, ScalesSuffix, GroupsSuffix];

    // The zero of codes of 8 bits, which are stored less it as signed bytes.
    private const int MiddleOfBytes = 128;

    private readonly CheckpointFolder _folder;
    private readonly string _module;
    private readonly IntegerPacking _packing;
    private readonly DType _type;
    private readonly List<string> _parts = [];
    private readonly TensorEntry _codes;
    private readonly TensorEntry _zeros;
    private readonly TensorEntry _scales;
    private readonly int _inputs;
    private readonly int _outputs;

    // The group of each block.
    private readonly int[] _groups;

    private PackedMatrix(CheckpointFolder folder, string module, IntegerPacking packing)
    {
        (_folder, _module, _packing) = (folder, module, packing);
        _type = packing.Bits == 8 ? DType.Q8_0 : DType.Q4_Z;
        _codes = Tensor(CodesSuffix);
        (_inputs, _outputs) = Sizes();
        int size = packing.GroupSize ?? _inputs;
        if (_inputs % size != 0 || size % BlockElements != 0)
        {
            throw Wrong(
                _codes, $"has {_inputs} inputs in groups of {size}",
                $"a size of groups that is a multiple of {BlockElements} and divides the inputs");
        }

        int groups = _inputs / size;
        _zeros = Tensor(ZerosSuffix);
        Require(_zeros, ["I32"], [groups, _outputs / packing.Codes]);
        _scales = Tensor(ScalesSuffix);
        Require(_scales, ["F16", "BF16", "F32"], [groups, _outputs]);
        _groups = packing.IsAlongInputs && (packing.IsReordered || folder.Tensors.ContainsKey(module + GroupsSuffix))
            ? ReadGroups(Tensor(GroupsSuffix), groups)
            : [.. Enumerable.Range(0, _inputs / BlockElements).Select(block => block * BlockElements / size)];
    }

    public IReadOnlyList<string> Parts => _parts;

    public TensorEntry Stored => new("", _module + ".weight", StoredType.Name(_type), [_outputs, _inputs], null);

    /// <summary>The packed matrices of a checkpoint: each of which there is a part.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="packing">How they are packed.</param>
    /// <exception cref="InvalidInputException">One cannot be read.</exception>
    public static IReadOnlyList<PackedMatrix> Of(CheckpointFolder folder, IntegerPacking packing) =>
    [
        .. folder.Tensors.Keys
            .SelectMany(name => s_suffixes.Where(s => name.EndsWith(s, StringComparison.Ordinal)).Select(s => name[..^s.Length]))
            .Distinct(StringComparer.Ordinal).Select(module => new PackedMatrix(folder, module, packing)),
    ];

    public void Write(Stream stream, CancellationToken cancellation)
    {
        byte[] codes = new byte[_inputs];
        var layout = _type.Layout();
        byte[] row = new byte[checked((int)layout.Bytes(_inputs))];
        for (int output = 0; output < _outputs; output++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadCodes(output, codes);
            for (int block = 0; block < _groups.Length; block++)
            {
                var (scale, zero) = (Scale(_groups[block], output), Zero(_groups[block], output));
                var ofBlock = codes.AsSpan(block * BlockElements, BlockElements);
                var to = row.AsSpan(block * layout.BlockBytes, layout.BlockBytes);
                if (_type == DType.Q4_Z)
                {
                    ZeroPointFormat.Write(scale, zero, ofBlock, to);
                }
                else
                {
                    WriteBytes(scale, ofBlock, to);
                }
            }

            stream.Write(row);
        }
    }

    private static void WriteBytes(Half scale, ReadOnlySpan<byte> codes, Span<byte> to)
    {
        BitConverter.TryWriteBytes(to, scale);
        for (int i = 0; i < codes.Length; i++)
        {
            to[sizeof(ushort) + i] = (byte)(codes[i] - MiddleOfBytes);
        }
    }

    private void ReadCodes(int output, byte[] codes)
    {
        uint mask = (1u << _packing.Bits) - 1;
        int perWord = _packing.Codes;
        if (!_packing.IsAlongInputs)
        {
            long words = _outputs / perWord;
            int shift = _packing.Shift(output % perWord);
            for (int i = 0; i < codes.Length; i++)
            {
                codes[i] = (byte)((Word(_codes, (i * words) + (output / perWord)) >> shift) & mask);
            }

            return;
        }

        for (int i = 0; i < codes.Length; i += perWord)
        {
            uint word = Word(_codes, ((long)(i / perWord) * _outputs) + output);
            for (int k = 0; k < perWord; k++)
            {
                codes[i + k] = (byte)((word >> _packing.Shift(k)) & mask);
            }
        }
    }

    private int Zero(int group, int output)
    {
        int perWord = _packing.Codes;
        uint word = Word(_zeros, ((long)group * (_outputs / perWord)) + (output / perWord));
        int most = (1 << _packing.Bits) - 1;
        int stored = (int)((word >> _packing.Shift(output % perWord)) & (uint)most);
        int zero = stored + _packing.LessZero;
        if (zero > most)
        {
            throw Wrong(
                _zeros, $"has a stored zero of {stored} for group {group} and output {output}, which programs read as 0 or as {zero}",
                $"{most - 1} at most, or checkpoint_format gptq_v2,");
        }

        return _type == DType.Q4_Z || zero == MiddleOfBytes ? zero : throw Wrong(
            _zeros, $"has a stored zero of {stored} for group {group} and output {output}",
            $"{MiddleOfBytes - _packing.LessZero}, that of symmetric codes of 8 bits in checkpoint_format {_packing.Format},");
    }

    // Exact, or refused.
    private Half Scale(int group, int output)
    {
        long index = ((long)group * _outputs) + output;
        float scale = _scales.Type switch
        {
            "F16" => (float)Unsafe.ReadUnaligned<Half>(_scales.Data + (index * sizeof(ushort))),
            "BF16" => BitConverter.Int32BitsToSingle(Unsafe.ReadUnaligned<ushort>(_scales.Data + (index * sizeof(ushort))) << 16),
            _ => Unsafe.ReadUnaligned<float>(_scales.Data + (index * sizeof(float))),
        };
        var half = (Half)scale;
        return float.IsFinite(scale) && (float)half == scale ? half : throw Wrong(
            _scales, $"has {scale:R} for group {group} and output {output}", "a number that fp16 holds");
    }

    // Addresses in a file need not be aligned.
    private static uint Word(TensorEntry tensor, long index) => Unsafe.ReadUnaligned<uint>(tensor.Data + (index * sizeof(uint)));

    private (int Inputs, int Outputs) Sizes()
    {
        if (_codes is
            { Type: "I32", Shape: [> 0 and <= ConfigSize.MaxFeatures and var rows, > 0 and <= ConfigSize.MaxRows and var columns] })
        {
            long inputs = _packing.IsAlongInputs ? rows * _packing.Codes : rows;
            long outputs = _packing.IsAlongInputs ? columns : columns * _packing.Codes;
            if (inputs <= ConfigSize.MaxFeatures && outputs <= ConfigSize.MaxRows && outputs % _packing.Codes == 0)
            {
                return ((int)inputs, (int)outputs);
            }
        }

        throw Wrong(
            _codes, $"has type {_codes.Type} and shape [{string.Join(", ", _codes.Shape)}]",
            $"I32 and the shape of packed codes of {_packing.Bits} bits");
    }

    // What lies in one block must be in one group.
    private int[] ReadGroups(TensorEntry tensor, int groups)
    {
        Require(tensor, ["I32"], [_inputs]);
        int[] ofBlocks = new int[_inputs / BlockElements];
        for (int i = 0; i < _inputs; i++)
        {
            int group = (int)Word(tensor, i);
            if (group < 0 || group >= groups)
            {
                throw Wrong(tensor, $"has {group} for input {i}", $"a group from 0 to {groups - 1}");
            }

            int block = i / BlockElements;
            ofBlocks[block] = i % BlockElements == 0 ? group : ofBlocks[block];
            if (group != ofBlocks[block])
            {
                throw Wrong(
                    tensor, $"puts inputs {block * BlockElements} and {i} into groups {ofBlocks[block]} and {group}, in the order of "
                        + "activations (desc_act), of which blocks cannot be made",
                    $"one group for each {BlockElements} neighbours");
            }
        }

        return ofBlocks;
    }

    private TensorEntry Tensor(string suffix)
    {
        _parts.Add(_module + suffix);
        if (_folder.Tensors.TryGetValue(_module + suffix, out var found))
        {
            return found;
        }

        var other = s_suffixes.Select(s => _folder.Tensors.GetValueOrDefault(_module + s)).OfType<TensorEntry>().First();
        throw Wrong(other, $"has no '{suffix[1..]}' beside it", "one");
    }

    private static void Require(TensorEntry tensor, string[] types, long[] shape)
    {
        if (!types.Contains(tensor.Type) || !tensor.Shape.SequenceEqual(shape))
        {
            throw Wrong(
                tensor, $"has type {tensor.Type} and shape [{string.Join(", ", tensor.Shape)}]",
                $"{string.Join(" or ", types)} and [{string.Join(", ", shape)}]");
        }
    }

    private static InvalidInputException Wrong(TensorEntry tensor, string found, string expected) =>
        new($"'{tensor.File}': tensor '{SafetensorsHeader.Printable(tensor.Name)}' {found}; {expected} was expected.");
}
