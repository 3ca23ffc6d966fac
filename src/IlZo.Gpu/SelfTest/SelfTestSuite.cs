using IlZo.Benchmarks;
using IlZo.Models;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// The checks of a device: every kernel, then whole models, and products and a two-point step in each other precision. All that they need is in the program.
/// </summary>
public sealed class SelfTestSuite : IDisposable
{
    private const string Trained = "llama-tiny";
    private const int Steps = 50;

    private readonly List<SyntheticFolder> _folders = [];

    private SelfTestSuite(int texts, int length, IReadOnlyList<SelfTestCheck> further, IReadOnlyList<ProductPrecision> others)
    {
        var checks = new List<SelfTestCheck>(KernelChecks.All);
        var products = new List<SelfTestCheck>(KernelChecks.Products);
        foreach (string shape in SyntheticCheckpoint.TinyShapes)
        {
            var folder = new SyntheticFolder(shape);
            _folders.Add(folder);
            var model = new ModelChecks(shape, type => ModelLoader.Load(folder.Path, type), texts, length);
            checks.AddRange(model.TwoPointSteps);
            if (shape == Trained)
            {
                checks.Add(model.Training(Steps));
                products.AddRange(model.TwoPointSteps);
            }
        }

        Checks = [.. checks, .. further, .. others.SelectMany(p => products.Select(c => c.In(p)))];
    }

    /// <summary>The checks, in the order in which they are run.</summary>
    public IReadOnlyList<SelfTestCheck> Checks { get; }

    /// <summary>For GPUs: a tiny model of each family and the built-in one, and 50 steps of training.</summary>
    /// <param name="others">What the device computes products in beside what the backend does.</param>
    public static SelfTestSuite ForGpu(IReadOnlyList<ProductPrecision> others)
    {
        var builtIn = new ModelChecks("the built-in model", type => ModelLoader.Load(ModelLoader.BuiltIn, type));
        return new SelfTestSuite(texts: 8, length: 32, [.. builtIn.TwoPointSteps, builtIn.Training(Steps)], others);
    }

    /// <summary>For simulations, where the built-in model would take hours: few tokens.</summary>
    public static SelfTestSuite ForSimulation() => new(texts: 2, length: 5, [], []);

    public void Dispose() => _folders.ForEach(f => f.Dispose());
}
