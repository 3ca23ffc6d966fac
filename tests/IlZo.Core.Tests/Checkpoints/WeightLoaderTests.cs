using System.Runtime.InteropServices;
using IlZo.Checkpoints;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

public sealed unsafe class WeightLoaderTests : IDisposable
{
    private readonly List<IDisposable> _memory = [];

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void The_stored_type_is_used_in_place(DType type)
    {
        var tensor = Raw.Tensor("w", StoredType.Name(type), [2, 3], new byte[6 * type.Size()], _memory);
        int buffers = _memory.Count;

        var parameter = WeightLoader.ToParameter(tensor, type, _memory);

        Assert.True(parameter.Data == tensor.Data);
        Assert.Equal(buffers, _memory.Count);
        Assert.Equal(("w", type), (parameter.Name, parameter.Type));
        Assert.Equal([2, 3], parameter.Shape);
    }

    [Fact]
    public void A_tensor_at_an_odd_address_is_moved()
    {
        // A header of odd length, as files of other writers may have, puts the data at an odd offset.
        byte[] content = Raw.File("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""".PadRight(57), 8);
        using var file = SafetensorsFile.FromMemory("x", content);

        var parameter = WeightLoader.ToParameter(file.Tensors[0], DType.F32, _memory);

        Assert.Equal(0u, (nuint)parameter.Data % 4);
        Assert.Equal(Raw.Bytes(file.Tensors[0]), Raw.Bytes(parameter));
    }

    /// <summary>Every 16-bit pattern, widened to F32 and narrowed again, against the types of the framework.</summary>
    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Every_16_bit_number_survives_widening(DType type)
    {
        ushort[] patterns = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];
        var narrow = Raw.Tensor("w", StoredType.Name(type), [1 << 16], MemoryMarshal.AsBytes<ushort>(patterns).ToArray(), _memory);

        var wide = WeightLoader.ToParameter(narrow, DType.F32, _memory);
        var back = WeightLoader.ToParameter(TensorEntry.Of(wide), type, _memory);

        for (int i = 0; i < patterns.Length; i++)
        {
            float expected = type == DType.F16
                ? (float)BitConverter.UInt16BitsToHalf(patterns[i])
                : BitConverter.Int32BitsToSingle(i << 16);
            float actual = ((float*)wide.Data)[i];
            Assert.True(float.IsNaN(expected)
                ? float.IsNaN(actual)
                : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual));
            ushort returned = ((ushort*)back.Data)[i];
            Assert.True(float.IsNaN(expected) ? Narrow(returned, type) is float.NaN : returned == patterns[i]);
        }
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Narrowing_rounds_to_nearest_even(DType type)
    {
        // Each value between two neighbours of the narrow type, below, at and above the middle, and random ones.
        var random = new Random(7);
        var values = new List<float>();
        for (int i = 0; i < 50_000; i++)
        {
            ushort pattern = (ushort)random.Next(type == DType.F16 ? 0x7bff : 0x7f7f);
            double low = Narrow(pattern, type), high = Narrow((ushort)(pattern + 1), type);
            float middle = (float)((low + high) / 2);
            values.AddRange(
                [middle, MathF.BitDecrement(middle), -MathF.BitIncrement(middle), (float)(low + ((high - low) * random.NextDouble()))]);
        }

        var wide = Raw.Floats("w", [values.Count], [.. values], _memory);
        var narrow = WeightLoader.ToParameter(wide, type, _memory);

        for (int i = 0; i < values.Count; i++)
        {
            Assert.Equal(NearestEven(values[i], type), ((ushort*)narrow.Data)[i]);
        }
    }

    [Fact]
    public void The_two_16_bit_types_convert_into_each_other()
    {
        var half = Raw.Tensor("w", "F16", [3], MemoryMarshal.AsBytes<Half>([(Half)1.5f, (Half)(-0.0f), (Half)65504f]).ToArray(), _memory);

        var brain = WeightLoader.ToParameter(half, DType.BF16, _memory);
        Assert.Equal([0x3fc0, 0x8000, 0x4780], new ReadOnlySpan<ushort>(brain.Data, 3).ToArray().Select(v => (int)v));

        var error = Assert.Throws<InvalidInputException>(() => WeightLoader.ToParameter(TensorEntry.Of(brain), DType.F16, _memory));
        Assert.Contains("'w' has 65536 at flat index 2, which overflows F16", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DType.F16, 0x477fefff)] // The border is 65520: halfway between the largest number and the next power of two.
    [InlineData(DType.BF16, 0x7f7f7fff)]
    public void Overflow_is_refused_at_the_exact_border(DType type, int largestBits)
    {
        float[] values = new float[20_001];
        values[3] = float.PositiveInfinity;
        values[20_000] = BitConverter.Int32BitsToSingle(largestBits);
        WeightLoader.ToParameter(Raw.Floats("w", [20_001], values, _memory), type, _memory);
        values[20_000] = -BitConverter.Int32BitsToSingle(largestBits + 1);

        var error = Assert.Throws<InvalidInputException>(
            () => WeightLoader.ToParameter(Raw.Floats("w", [20_001], values, _memory), type, _memory));

        Assert.Contains("'test.safetensors': tensor 'w'", error.Message, StringComparison.Ordinal);
        Assert.Contains("flat index 20000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_types_and_shapes_that_are_no_parameters()
    {
        var ints = Raw.Tensor("ids", "I64", [1], new byte[8], _memory);
        var mask = Raw.Tensor("mask", "F32", [1, 1, 1, 1], new byte[4], _memory);

        Assert.Contains(
            "tensor 'ids' has dtype I64",
            Assert.Throws<InvalidInputException>(() => WeightLoader.ToParameter(ints, DType.F32, _memory)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'mask'",
            Assert.Throws<InvalidInputException>(() => WeightLoader.ToParameter(mask, DType.F32, _memory)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DType.F32, 0x7f7fffff, 0x7f800000)]
    [InlineData(DType.F32, 0xff7fffff, 0xffc00001)]
    [InlineData(DType.F16, 0x7bff, 0x7c00)]
    [InlineData(DType.F16, 0xfbff, 0xfe01)]
    [InlineData(DType.BF16, 0x7f7f, 0x7f80)]
    [InlineData(DType.BF16, 0xff7f, 0xffff)]
    public void Finds_the_first_element_that_is_not_finite(DType type, uint finite, uint bad)
    {
        const int count = 133;
        var buffer = new NativeBuffer(count * type.Size());
        _memory.Add(buffer);
        var parameter = new Parameter("w", [count], type, buffer.Data);
        void Set(int i, uint bits) =>
            BitConverter.GetBytes(bits).AsSpan(0, type.Size()).CopyTo(new Span<byte>(parameter.Data + (i * type.Size()), type.Size()));
        for (int i = 0; i < count; i++)
        {
            Set(i, finite);
        }

        WeightLoader.RequireFinite(parameter, "f");

        // From the end on, so that each time there are bad elements after the first one.
        for (int i = count - 1; i >= 0; i--)
        {
            Set(i, bad);
            var error = Assert.Throws<InvalidInputException>(() => WeightLoader.RequireFinite(parameter, "f"));
            Assert.Contains("'f': tensor 'w' has ", error.Message, StringComparison.Ordinal);
            Assert.Contains($" at flat index {i};", error.Message, StringComparison.Ordinal);
        }
    }

    private static float Narrow(ushort pattern, DType type) =>
        type == DType.F16 ? (float)BitConverter.UInt16BitsToHalf(pattern) : BitConverter.Int32BitsToSingle(pattern << 16);

    /// <summary>The nearest pattern by search over the neighbours, with the even one on a tie.</summary>
    private static ushort NearestEven(float value, DType type)
    {
        int low = 0, high = type == DType.F16 ? 0x7bff : 0x7f7f;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = Narrow((ushort)middle, type) <= Math.Abs(value) ? (middle, high) : (low, middle);
        }

        double below = Math.Abs(value) - (double)Narrow((ushort)low, type), above = (double)Narrow((ushort)high, type) - Math.Abs(value);
        int nearest = below < above || (below == above && low % 2 == 0) ? low : high;
        return (ushort)(value < 0 ? nearest | 0x8000 : nearest);
    }
}
