using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// What only shows at sizes that a simulation does not reach: several tiles of tokens, long sums, and indices beyond 32 bits.
/// </summary>
internal static class LargeChecks
{
    private const int Columns = 64;
    private const int RowsRead = 67;

    private static readonly GaussianDirection s_direction = new(new NoiseKey(5, NoiseStream.Direction, 1, 0));

    /// <summary>
    /// Products in each precision: three tiles of tokens (256 of two probes at most), several of outputs or one, and 21 steps of inputs,
    /// none of which is full at the end; one of 4096³; and the same tokens among many and among few.
    /// </summary>
    public static IReadOnlyList<SelfTestCheck> Products { get; } =
        [Product(600, 333, 341, 1e-5), Product(600, 333, 61, 1e-5), Product(4096, 4096, 4096, 4e-5), FewOfMany(600, 333, 341)];

    /// <summary>Bytes of the tensor of <see cref="Beyond32Bits"/>.</summary>
    public static long BytesBeyond32Bits => (long)RowsBeyond32Bits * Columns * sizeof(ushort);

    private static int RowsBeyond32Bits => (int)((1L << 31) / Columns) + 3;

    /// <summary>Looked-up rows and an update of a tensor of more than 2³¹ elements: bits of the CPU engine.</summary>
    public static SelfTestCheck Beyond32Bits { get; } = Rows(RowsBeyond32Bits);

    /// <summary>A product of weights in fp16 with some rows of an embedding, at two probes; some rows of it are compared.</summary>
    internal static SelfTestCheck Product(int tokens, int inputs, int outputs, double allowed) =>
        SelfTestCheck.Compare($"a product of {tokens} x {inputs} x {outputs}, float16", allowed, backend =>
        {
            using var set = RandomWeights.Create(DType.F16, ("e", [tokens, inputs]), ("w", [outputs, inputs]), ("b", [outputs]));
            backend.Load(set);
            var builder = new TokenBatchBuilder();
            int text = builder.AddText([.. Enumerable.Range(0, tokens).Select(t => (t * 7) % tokens)]);
            for (int row = 0; row < RowsRead; row++)
            {
                builder.Read(text, (int)((long)row * (tokens - 1) / (RowsRead - 1)));
            }

            var batch = builder.Build();
            var pass = backend.Begin(batch, [Probe.Pair(s_direction, 0.01)]);
            var x = pass.Rent(inputs);
            pass.Embed(set["e"], batch.Ids, x);
            var y = pass.Rent(outputs);
            pass.Linear(x, set["w"], set["b"], y);
            var rows = pass.GatherOutputs(y);
            return [Read(pass, rows, 0), Read(pass, rows, 1)];
        });

    /// <summary>
    /// Whether tokens have the same bits among many, for which weights are prepared, and among a sixth of them, for which they are not.
    /// </summary>
    internal static SelfTestCheck FewOfMany(int tokens, int inputs, int outputs) =>
        SelfTestCheck.Same($"{tokens / 6} of {tokens} tokens x {inputs} x {outputs}, float16", (backend, set) =>
        {
            backend.Load(set);
            double[] many = Multiply(tokens);
            double[] few = Multiply(tokens / 6);
            return (few, many[..few.Length]);

            double[] Multiply(int count)
            {
                var builder = new TokenBatchBuilder();
                builder.AddText(new int[count]);
                var pass = backend.Begin(builder.Build(), [Probe.Pair(s_direction, 0.01)]);
                var x = pass.Rent(inputs);
                pass.Embed(set["e"], [.. Enumerable.Range(0, count)], x);
                var y = pass.Rent(outputs);
                pass.Linear(x, set["w"], null, y);
                return Read(pass, y, 0);
            }
        }, ("e", [tokens, inputs]), ("w", [outputs, inputs]));

    /// <summary>The first, middle and last rows of a tensor before and after an update of all.</summary>
    internal static SelfTestCheck Rows(
        int rows) => SelfTestCheck.Compare($"rows and an update of {(long)rows * Columns} weights, float16", 0, backend =>
    {
        var memory = new NativeBuffer((long)rows * Columns * sizeof(ushort));
        Parameter[] parameters;
        unsafe
        {
            parameters = [new Parameter("e", [rows, Columns], DType.F16, (byte*)memory.Data)];
        }

        using var set = new ParameterSet(parameters, [memory]);
        backend.Load(set);
        double[] before = Ends(backend, set["e"]);
        using var rule = new Sgd();
        rule.Advance();
        backend.Update(
            set.All, new GradientEstimate([(1.5, s_direction)]), rule, 1e-2, new NoiseKey(4, NoiseStream.StochasticRounding, 1, 0));
        return [before, Ends(backend, set["e"])];
    });

    private static double[] Ends(IBackend backend, Parameter table)
    {
        int[] ids = [0, 1, table.Rows / 2, table.Rows - 2, table.Rows - 1];
        var builder = new TokenBatchBuilder();
        builder.AddText(ids);
        var pass = backend.Begin(builder.Build(), [Probe.Pair(s_direction, 0.01)]);
        var y = pass.Rent(table.Columns);
        pass.Embed(table, ids, y);
        return [.. Read(pass, y, 0), .. Read(pass, y, 1)];
    }

    private static double[] Read(IPass pass, Activation x, int probe)
    {
        float[] values = new float[x.Tokens * x.Features];
        pass.Read(x, probe, values);
        return Array.ConvertAll(values, v => (double)v);
    }
}
