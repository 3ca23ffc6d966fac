using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Gpu.SelfTest;
using IlZo.Perturbations;
using IlZo.Ptx;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>What attention costs a multiprocessor, counted while its text is executed in groups as large as those of GPUs.</summary>
public class AttentionCountTests
{
    // Two tiles of queries and of keys, of which the causal mask needs three pairs.
    private const int Tokens = 64;

    [Theory]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(96)]
    [InlineData(128)]
    public void A_multiply_add_takes_few_instructions_and_little_of_the_banks(int headSize)
    {
        var counts = new PtxCounts();
        using var device = new TestDevice(
            LaunchShape.Gpu, 1L << 30, new PtxLoader(name => name == "Attention.Run" ? counts : null));
        using var processor = new CpuBackend(1);
        float[] expected = Attend(processor, headSize);
        float[] actual = Attend(device.Backend, headSize);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }

        // Of a warp: 32 by 32 dot products of a head's features, and as many for the result, of three pairs of tiles.
        double multiplyAdds = 3 * 2 * 32 * headSize;
        Assert.InRange(counts.Instructions / multiplyAdds, 1, GpuStepCount.InstructionsOfAttention(headSize));
        Assert.InRange(counts.SharedCycles / multiplyAdds, 0.5, 0.75);
        Assert.InRange((double)counts.SharedCycles / counts.LeastSharedCycles, 0.9, 1.1);
    }

    private static float[] Attend(IBackend backend, int headSize)
    {
        using var weights = RandomWeights.Create(DType.F32, [("e", [Tokens, 3 * headSize])]);
        backend.Load(weights);
        var builder = new TokenBatchBuilder();
        builder.AddText([.. Enumerable.Range(0, Tokens)]);
        var batch = builder.Build();
        var pass = backend.Begin(batch, [Probe.Unperturbed]);
        var all = pass.Rent(3 * headSize);
        pass.Embed(weights["e"], batch.Ids, all);
        var y = pass.Rent(headSize);
        pass.Attention(
            pass.Slice(all, 0, headSize), pass.Slice(all, headSize, headSize), pass.Slice(all, 2 * headSize, headSize), y,
            new AttentionShape(1, 1, headSize, 1, true, null, null), 0);
        float[] result = new float[Tokens * headSize];
        pass.Read(y, 0, result);
        return result;
    }
}
