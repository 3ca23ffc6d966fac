using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Arithmetic.Blocks;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.BitsAndBytes;

/// <summary>
/// A matrix in NF4 as bitsandbytes stores it: codes of 4 bits, a scale for each 64 elements, and how both are to be read, in tensors of
/// their own. Scales may be quantized too, to 8 bits ("double quantization"): level · scale of 256 of them + an offset.
/// Source: QuantState.as_dict (bitsandbytes-foundation/bitsandbytes, functional.py); Dettmers et al. 2023, arXiv 2305.14314.
/// </summary>
internal sealed unsafe class NormalFloatTensor : IQuantizedMatrix
{
    private const string StateSuffix = ".quant_state.bitsandbytes__nf4";
    private const string OtherStates = ".quant_state.bitsandbytes__";
    private const int NestedLevels = 256;

    private readonly CheckpointFolder _folder;
    private readonly string _name;
    private readonly List<string> _parts = [];
    private readonly TensorEntry _codes;
    private readonly TensorEntry _scales;
    private readonly Nested? _nested;

    private NormalFloatTensor(CheckpointFolder folder, string name)
    {
        (_folder, _name) = (folder, name);
        _codes = Tensor("");
        var state = Tensor(StateSuffix);
        using var json = JsonFile.ParseObject(
            $"{state.File}: {state.Name}", new ReadOnlySpan<byte>(state.Data, checked((int)state.ByteCount)).ToArray());
        var fields = json.RootElement;
        string? type = fields.TryGetProperty("quant_type", out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
        if (type != "nf4")
        {
            throw Wrong(type is null ? "has no quant_type" : $"has the quant_type '{SafetensorsHeader.Printable(type)}'", "nf4");
        }

        if (Integer(fields, "blocksize") is var size && size != NormalFloatFormat.Elements)
        {
            throw Wrong($"has blocks of {size}", $"{NormalFloatFormat.Elements}");
        }

        Shape = ShapeOf(fields);
        long blocks = checked(Shape[0] * (Shape[1] / NormalFloatFormat.Elements));
        Require(_codes, "U8", checked(blocks * (NormalFloatFormat.Elements / 2)));
        var levels = Tensor(".quant_map");
        Require(levels, "F32", NormalFloatFormat.Levels.Length);
        if (!Floats(levels).SequenceEqual(NormalFloatFormat.Levels))
        {
            throw Wrong("has other levels in quant_map", "those of NF4");
        }

        _scales = Tensor(".absmax");
        _nested = fields.TryGetProperty("nested_blocksize", out _) ? ReadNested(fields, blocks) : null;
        Require(_scales, _nested is null ? "F32" : "U8", blocks);
    }

    /// <summary>Rows and columns.</summary>
    public long[] Shape { get; }

    public IReadOnlyList<string> Parts => _parts;

    public TensorEntry Stored => new("", _name, StoredType.Name(DType.NF4), Shape, null);

    /// <summary>The matrices in NF4 of a checkpoint.</summary>
    /// <exception cref="InvalidInputException">One cannot be read, or is in another type of bitsandbytes.</exception>
    public static IReadOnlyList<NormalFloatTensor> Of(CheckpointFolder folder)
    {
        var found = new List<NormalFloatTensor>();
        foreach (string name in folder.Tensors.Keys)
        {
            if (name.EndsWith(StateSuffix, StringComparison.Ordinal))
            {
                found.Add(new NormalFloatTensor(folder, name[..^StateSuffix.Length]));
            }
            else if (name.Contains(OtherStates, StringComparison.Ordinal))
            {
                throw new InvalidInputException(
                    $"'{folder.Tensors[name].File}': tensor '{SafetensorsHeader.Printable(name)}' is of another type than nf4; weights "
                        + "that bitsandbytes has quantized to nf4 were expected.");
            }
        }

        return found;
    }

    /// <summary>Writes its blocks: the fp32 scale and 32 bytes of codes of each.</summary>
    public void Write(Stream stream, CancellationToken cancellation)
    {
        int codeBytes = NormalFloatFormat.Bytes - sizeof(float);
        byte[] row = new byte[checked((int)(Shape[1] / NormalFloatFormat.Elements) * NormalFloatFormat.Bytes)];
        long block = 0;
        for (long r = 0; r < Shape[0]; r++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int at = 0; at < row.Length; at += NormalFloatFormat.Bytes, block++)
            {
                BitConverter.TryWriteBytes(row.AsSpan(at), Scale(block));
                new ReadOnlySpan<byte>(_codes.Data + (block * codeBytes), codeBytes).CopyTo(row.AsSpan(at + sizeof(float)));
            }

            stream.Write(row);
        }
    }

    private float Scale(long block) => _nested is { } nested
        ? (nested.Levels[_scales.Data[block]] * nested.Scales[(int)(block / nested.Size)]) + nested.Offset
        : Float(_scales.Data, block);

    private Nested ReadNested(JsonElement fields, long blocks)
    {
        int size = Integer(fields, "nested_blocksize");
        var levels = Tensor(".nested_quant_map");
        Require(levels, "F32", NestedLevels);
        var scales = Tensor(".nested_absmax");
        Require(scales, "F32", (blocks + size - 1) / size);
        return fields.TryGetProperty("nested_offset", out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetSingle(out float offset) && float.IsFinite(offset)
            ? new Nested(size, Floats(levels), Floats(scales), offset)
            : throw Wrong("has no nested_offset", "a finite number");
    }

    private long[] ShapeOf(JsonElement fields)
    {
        var shape = fields.TryGetProperty("shape", out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(d => d.ValueKind == JsonValueKind.Number && d.TryGetInt32(out int n) ? n : 0L).ToArray()
            : [];
        return shape is [> 0, > 0] && shape[1] % NormalFloatFormat.Elements == 0
            ? shape
            : throw Wrong(
                $"has the shape [{string.Join(", ", shape)}]", $"rows, and columns that are a multiple of {NormalFloatFormat.Elements},");
    }

    private int Integer(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            && number > 0
            ? number
            : throw Wrong($"has no {name}", "a whole number above 0");

    private TensorEntry Tensor(string suffix)
    {
        _parts.Add(_name + suffix);
        return _folder.Tensors.TryGetValue(_name + suffix, out var found)
            ? found
            : throw new InvalidInputException(
                $"'{_folder.DisplayName}': there is no tensor '{SafetensorsHeader.Printable(_name + suffix)}' beside "
                    + $"'{SafetensorsHeader.Printable(_name + StateSuffix)}'; one, as bitsandbytes writes it, was expected.");
    }

    private void Require(TensorEntry tensor, string type, long elements)
    {
        long found = tensor.Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
        if (tensor.Type != type || found != elements)
        {
            throw new InvalidInputException(
                $"'{tensor.File}': tensor '{SafetensorsHeader.Printable(tensor.Name)}' has {found} elements of type {tensor.Type}; "
                    + $"{elements} of {type} were expected.");
        }
    }

    // Addresses in a file need not be aligned.
    private static float Float(byte* from, long index) =>
        BitConverter.ToSingle(new ReadOnlySpan<byte>(from + (index * sizeof(float)), sizeof(float)));

    private static float[] Floats(TensorEntry tensor) =>
        MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteCount))).ToArray();

    private InvalidInputException Wrong(string found, string expected) => new(
        $"'{_folder.DisplayName}': tensor '{SafetensorsHeader.Printable(_name)}', which bitsandbytes has quantized, {found}; {expected} "
            + "was expected.");

    private sealed record Nested(int Size, float[] Levels, float[] Scales, float Offset);
}
