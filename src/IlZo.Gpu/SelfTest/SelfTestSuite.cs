using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Models;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// The checks of a device: every kernel, then whole models, and products, a two-point step and a replayed training in each other precision.
/// All that they need is in the program.
/// </summary>
internal sealed class SelfTestSuite : IDisposable
{
    private const string Trained = "llama-tiny";
    private const int Steps = 50;
    private const int ReplayedSteps = 20;

    private readonly List<SyntheticFolder> _folders = [];
    private readonly bool _isHardware;

    private SelfTestSuite(
        int texts, int length, bool isHardware, IReadOnlyList<SelfTestCheck> further, IReadOnlyList<ProductPrecision> others,
        IReadOnlyList<ProductPrecision> ofWarpgroups)
    {
        _isHardware = isHardware;
        var checks = new List<SelfTestCheck>(KernelChecks.All);
        var products = new List<SelfTestCheck>(KernelChecks.Products);
        if (isHardware)
        {
            checks.AddRange(LargeChecks.Products);
            products.AddRange(LargeChecks.Products);
        }

        foreach (string shape in SyntheticCheckpoint.TinyShapes)
        {
            var folder = new SyntheticFolder(shape);
            _folders.Add(folder);
            var model = new ModelChecks(shape, type => ModelLoader.Load(folder.Path, type), texts, length);
            checks.AddRange(model.TwoPointSteps);
            if (shape == Trained)
            {
                SelfTestCheck[] trainings = [model.Training(Steps), model.Replay(ReplayedSteps)];
                checks.AddRange(trainings);
                products.AddRange([.. model.TwoPointSteps, trainings[1]]);
            }
        }

        Checks =
        [
            .. checks, .. further, .. others.SelectMany(p => products.Select(c => c.In(p))),
            .. ofWarpgroups.SelectMany(p => LargeChecks.Products.Select(c => c.ByWarpgroups(p))),
        ];
    }

    /// <summary>The checks, in the order in which they are run.</summary>
    public IReadOnlyList<SelfTestCheck> Checks { get; private set; }

    /// <summary>
    /// For GPUs: sizes that only they reach, a tiny model of each family and the built-in one, and 50 steps of training; everything is
    /// computed twice.
    /// </summary>
    /// <param name="others">What the device computes products in beside what the backend does.</param>
    /// <param name="hasWarpgroups">Whether the device has products of warpgroups.</param>
    /// <param name="beyond32Bits">Whether there is memory for a tensor of more than 2³¹ elements: 4.3 GB on the device and on the
    /// host.</param>
    public static SelfTestSuite ForGpu(IReadOnlyList<ProductPrecision> others, bool hasWarpgroups, bool beyond32Bits = true)
    {
        var builtIn = new ModelChecks("the built-in model", type => ModelLoader.Load(ModelLoader.BuiltIn, type));
        return new SelfTestSuite(
            texts: 8, length: 32, isHardware: true,
            [.. builtIn.TwoPointSteps, builtIn.Training(Steps), .. beyond32Bits ? [LargeChecks.Beyond32Bits] : (SelfTestCheck[])[]],
            others,
            hasWarpgroups ? [ProductPrecision.SplitBFloat16, ProductPrecision.Half, ProductPrecision.BFloat16] : []);
    }

    /// <summary>For simulations, where the built-in model would take hours: few tokens.</summary>
    public static SelfTestSuite ForSimulation() => new(texts: 2, length: 5, isHardware: false, [], [], []);

    /// <summary>
    /// Bytes that the largest check takes on the device, and again on the host; it is left out where there are not so many.
    /// </summary>
    public static long LargestBytes => LargeChecks.BytesBeyond32Bits;

    /// <summary>Leaves out the checks whose names do not have some text in them.</summary>
    /// <exception cref="InvalidInputException">None is left.</exception>
    public void Keep(string text)
    {
        Checks = [.. Checks.Where(c => c.Name.Contains(text, StringComparison.OrdinalIgnoreCase))];
        if (Checks.Count == 0)
        {
            throw new InvalidInputException($"No check has '{text}' in its name; a part of a name that selftest prints was expected.");
        }
    }

    /// <summary>
    /// Compiles the kernels of all checks on all processors; left to the first launches, they would be compiled one after another.
    /// </summary>
    /// <param name="backend">The GPU.</param>
    /// <returns>How many there are.</returns>
    public int Prepare(GpuBackend backend)
    {
        var kernels = Kernels(backend.Products);
        backend.Prepare(kernels);
        return kernels.Count;
    }

    /// <summary>Writes what a driver of compute capability 9.0 would be given into a folder, for an assembler to look at.</summary>
    /// <param name="folder">The folder; a kernel is <c>0.ptx</c> and so on, and <c>index.tsv</c> has the names.</param>
    /// <returns>How many kernels there are.</returns>
    /// <exception cref="InvalidInputException">The folder has such files already.</exception>
    public static int WriteKernels(string folder)
    {
        using var suite = ForGpu(
            [ProductPrecision.Half, ProductPrecision.BFloat16, ProductPrecision.Fp32], hasWarpgroups: true);
        return KernelFolder.Write(suite.Kernels(ProductPrecision.SplitBFloat16), folder);
    }

    /// <summary>
    /// Runs the checks one after another, also after those that fail; once a device is lost the rest fail without being run.
    /// </summary>
    /// <param name="backend">The device.</param>
    public IEnumerable<SelfTestResult> Run(GpuBackend backend)
    {
        string? lost = null;
        foreach (var check in Checks)
        {
            var result = lost is null
                ? Run(check, backend)
                : SelfTestResult.Failed(check.Name, $"not run, for the device is lost since {lost}.");
            yield return result;
            lost ??= result.Error is not null && !backend.IsAlive ? $"'{check.Name}'" : null;
        }
    }

    public void Dispose() => _folders.ForEach(f => f.Dispose());

    // The largest tensor is left out: its kernels are those of others.
    private IReadOnlyList<Action<IKernelLoader>> Kernels(ProductPrecision products) => KernelRecorder.Record(products, recorder =>
    {
        foreach (var check in Checks.Where(c => c != LargeChecks.Beyond32Bits))
        {
            check.Rehearse(recorder);
        }
    });

    private SelfTestResult Run(SelfTestCheck check, GpuBackend backend)
    {
        try
        {
            return check.Run(backend, twice: _isHardware);
        }
        catch (Exception e) when (e is DeviceException or InvalidInputException)
        {
            return SelfTestResult.Failed(check.Name, e.Message) with { Log = (e as DeviceException)?.Log };
        }
    }
}
