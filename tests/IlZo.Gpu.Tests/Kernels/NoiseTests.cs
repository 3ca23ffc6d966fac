using IlZo.Kernels;
using IlZo.Noise;
using ILGPU;

namespace IlZo.Gpu.Tests.Kernels;

public class NoiseTests
{
    [Theory]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData((1L << 29) - 1)]
    [InlineData(1L << 29)]
    [InlineData((1L << 40) + 3)]
    public void Blocks_hold_the_bits_that_the_field_defines(long group)
    {
        var key = new NoiseKey(0x123456789ABCDEF0, NoiseStream.Direction, 17, 5);
        var source = new NoiseSource(key, 300, 1);
        for (int block = 0; block < NoiseField.BlocksPerGroup; block++)
        {
            var words = source.Words(
                new NoiseBlock((int)(group >> 20), (int)(group & ((1 << 20) - 1)), block, NoiseField.Group * (1 << 20)));
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                Assert.Equal(NoiseField.Bits(key, 300, group, NoiseWords.Column(block, i)), words.Bits(i));
            }
        }
    }

    [Fact]
    public void The_blocks_of_a_group_cover_its_elements_once()
    {
        var columns = Enumerable.Range(0, 8).SelectMany(b => Enumerable.Range(0, 8).Select(i => NoiseWords.Column(b, i)));
        Assert.Equal(Enumerable.Range(0, 64), columns.Order());
    }

    [Fact]
    public void All_65536_deviates_have_the_bits_of_the_processor()
    {
        using var device = new TestDevice();
        var table = NormalDirection.Table();
        using var buffer = device.Accelerator.AllocateRaw(table.Length, 4 * sizeof(float));
        using var results = device.Accelerator.AllocateRaw(1 << 16, sizeof(float));
        var view = new ArrayView<Quad>(buffer, 0, table.Length);
        var output = new ArrayView<float>(results, 0, 1 << 16);
        var stream = device.Accelerator.DefaultStream;
        device.Backend.Stream.Write<Quad>(table, view);
        var kernel = ILGPU.Runtime.KernelLoaders.LoadKernel<ArrayView<Quad>, ArrayView<float>>(device.Accelerator, Deviates);
        kernel(stream, new KernelConfig(new Index3D(1, 1, 1), new Index3D(1, 1, 1), SharedMemoryConfig.Empty), view, output);
        float[] actual = new float[1 << 16];
        device.Backend.Stream.Read(output, actual);
        Assert.Equal(Enumerable.Range(0, 1 << 16).Select(i => BitConverter.SingleToInt32Bits(NormalTransform.FromBits((ushort)i))),
            actual.Select(BitConverter.SingleToInt32Bits));
    }

    private static void Deviates(ArrayView<Quad> table, ArrayView<float> results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = NormalDirection.Deviate((uint)i, table);
        }
    }
}
