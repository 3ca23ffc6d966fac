using System.Runtime.CompilerServices;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Something that an engine of emitted code must do on this machine.</summary>
/// <param name="Name">What.</param>
/// <param name="Passed">Whether it does.</param>
/// <param name="Finding">What was found, as a part of a sentence.</param>
internal sealed record EngineCheck(string Name, bool Passed, string Finding);

/// <summary>
/// Tries an engine of emitted code: each kernel against its twin in C#, whole layers and attention at both probes against the C# kernels,
/// and whether threads keep their results through garbage collections, exceptions and null references. A failure may end the process, so
/// that one of its own should ask.
/// </summary>
internal static unsafe class EngineSelfTest
{
    // Of the result's root mean square; see docs/emitted-kernels.md for what is usual.
    private const double RoundedError = 5e-3;
    private const double SplitError = 2e-5;

    // Enough for dozens of collections and thousands of products.
    private static readonly TimeSpan s_interrupted = TimeSpan.FromMilliseconds(300);

    /// <summary>Tries one engine.</summary>
    /// <param name="engine">amx or avx512-bf16.</param>
    /// <exception cref="InvalidInputException">It is no engine of emitted code.</exception>
    public static IEnumerable<EngineCheck> Run(string engine) => engine switch
    {
        EngineName.Amx =>
            [.. Try(PrecisionName.SplitBFloat16, EmittedKernels.SplitTiles), .. Try(PrecisionName.BFloat16, EmittedKernels.Tiles)],
        EngineName.DotProduct => Try(PrecisionName.BFloat16, EmittedKernels.DotProduct),
        _ => throw new InvalidInputException($"{Setting.Engine} is '{engine}'; amx or avx512-bf16 was expected."),
    };

    private static IEnumerable<EngineCheck> Try(string precision, KernelProbe probe)
    {
        yield return new EngineCheck($"{precision}: the kernel", probe.IsUsable, probe.Finding);
        if (probe.Function is { } function && probe.IsUsable)
        {
            yield return Layers(precision, function);
            yield return Attention(precision, function);
            yield return Interruptions(precision, function);
        }
    }

    private static EngineCheck Layers(string precision, PanelFunction function)
    {
        double worst = 0;
        foreach (var (outputs, inputs, tokens) in ((int, int, int)[])[(33, 31, 1), (211, 1601, 37), (192, 768, 64)])
        {
            using var layer = new Layer(outputs, inputs, tokens);
            worst = Math.Max(worst, RelativeError(layer.Run, function));
        }

        return Compared($"{precision}: layers at both probes", worst, function);
    }

    private static EngineCheck Attention(string precision, PanelFunction function)
    {
        double worst = 0;
        foreach (var (heads, size, tokens) in ((int, int, int)[])[(1, 5, 1), (3, 64, 33), (2, 80, 200), (1, 16, 900)])
        {
            using var layer = new Layer(1, 3 * heads * size, tokens);
            worst = Math.Max(worst, RelativeError(backend => layer.Attend(backend, heads), function));
        }

        return Compared($"{precision}: attention at both probes", worst, function);
    }

    private static EngineCheck Compared(string name, double error, PanelFunction function)
    {
        double allowed = function.Kernel.Layout.IsSplit ? SplitError : RoundedError;
        return new EngineCheck(
            name, error <= allowed, FormattableString.Invariant($"rms error {error:G2} of the C# kernels' result, allowed {allowed:G2}"));
    }

    private static EngineCheck Interruptions(string precision, PanelFunction function)
    {
        using var layer = new Layer(96, 576, 32);
        using var backend = new CpuBackend(2, new BFloat16Products(function));
        float[] expected = layer.Run(backend);
        float[] attended = layer.Attend(backend, heads: 2);
        using var ended = new CancellationTokenSource(s_interrupted);
        var collector = new Thread(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                GC.KeepAlive(new byte[100_000]);
                GC.Collect(0);
            }
        });
        collector.Start();
        int products = 0;
        bool same = true;
        for (; same && !ended.IsCancellationRequested; products++)
        {
            same = expected.AsSpan().SequenceEqual(layer.Run(backend)) && attended.AsSpan().SequenceEqual(layer.Attend(backend, heads: 2));
            backend.Parallel(4, CatchSomething);
        }

        ended.Cancel();
        collector.Join();
        return new EngineCheck(
            $"{precision}: collections, exceptions and null references", same,
            same ? $"{products} products with the same bits" : $"product {products} had other bits");
    }

    private static void CatchSomething(int item)
    {
        try
        {
            _ = item % 2 == 0 ? LengthOf(null!) : throw new InvalidOperationException();
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException)
        {
            // That this is reached, and that products go on, is what is tried.
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(string text) => text.Length;

    private static double RelativeError(Func<CpuBackend, float[]> run, PanelFunction function)
    {
        using var managed = new CpuBackend(2, new ManagedProducts());
        using var backend = new CpuBackend(2, new BFloat16Products(function));
        float[] expected = run(managed);
        float[] actual = run(backend);
        double error = 0;
        double square = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += Math.Pow((double)actual[i] - expected[i], 2);
            square += (double)expected[i] * expected[i];
        }

        return Math.Sqrt(error / square);
    }

    /// <summary>A linear layer of random fp16 weights and tokens, whose inputs are queries, keys and values too.</summary>
    private sealed class Layer : IDisposable
    {
        private const double Epsilon = 1e-2;

        private readonly NativeBuffer _memory;
        private readonly Parameter _weight;
        private readonly Parameter _table;
        private readonly TokenBatch _batch;

        public Layer(int outputs, int inputs, int tokens)
        {
            long weights = (long)outputs * inputs;
            long table = (long)tokens * inputs;
            _memory = new NativeBuffer((weights + table) * sizeof(ushort));
            var values = (Half*)_memory.Data;
            var random = new Random(1);
            for (long i = 0; i < weights + table; i++)
            {
                values[i] = (Half)(random.NextSingle() - 0.5f);
            }

            _weight = new Parameter("weight", [outputs, inputs], DType.F16, values);
            _table = new Parameter("table", [tokens, inputs], DType.F16, values + weights);
            var builder = new TokenBatchBuilder();
            builder.AddText(new int[tokens]);
            _batch = builder.Build();
        }

        public float[] Run(CpuBackend backend)
        {
            var (pass, x) = Begin(backend);
            var y = pass.Rent(_weight.Rows);
            pass.Linear(x, _weight, null, y);
            return Read(pass, y);
        }

        public float[] Attend(CpuBackend backend, int heads)
        {
            var (pass, x) = Begin(backend);
            int features = x.Features / 3;
            var (q, k, v) = (pass.Slice(x, 0, features), pass.Slice(x, features, features), pass.Slice(x, 2 * features, features));
            var y = pass.Rent(features);
            pass.Attention(q, k, v, y, new AttentionShape(heads, heads, features / heads, Scale: 1), 0);
            return Read(pass, y);
        }

        public void Dispose() => _memory.Dispose();

        private static float[] Read(IPass pass, Activation y)
        {
            float[] result = new float[2 * y.Tokens * y.Features];
            pass.Read(y, 0, result.AsSpan(0, result.Length / 2));
            pass.Read(y, 1, result.AsSpan(result.Length / 2));
            return result;
        }

        private (IPass Pass, Activation X) Begin(CpuBackend backend)
        {
            var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
            var pass = backend.Begin(_batch, [Probe.Pair(z, Epsilon)]);
            var x = pass.Rent(_weight.Columns);
            pass.Embed(_table, [.. Enumerable.Range(0, x.Tokens)], x);
            return (pass, x);
        }
    }
}
