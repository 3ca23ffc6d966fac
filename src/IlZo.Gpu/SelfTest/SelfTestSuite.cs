using IlZo.Benchmarks;
using IlZo.Models;

namespace IlZo.Gpu.SelfTest;

/// <summary>The checks of a device: every kernel, then whole models. All that they need is in the program.</summary>
public sealed class SelfTestSuite : IDisposable
{
    private const string Trained = "llama-tiny";
    private const int Steps = 50;

    private readonly List<SyntheticFolder> _folders = [];

    private SelfTestSuite(int texts, int length, IReadOnlyList<SelfTestCheck> further)
    {
        var checks = new List<SelfTestCheck>(KernelChecks.All);
        foreach (string shape in SyntheticCheckpoint.TinyShapes)
        {
            var folder = new SyntheticFolder(shape);
            _folders.Add(folder);
            var model = new ModelChecks(shape, type => ModelLoader.Load(folder.Path, type), texts, length);
            checks.AddRange(model.TwoPointSteps);
            if (shape == Trained)
            {
                checks.Add(model.Training(Steps));
            }
        }

        Checks = [.. checks, .. further];
    }

    /// <summary>The checks, in the order in which they are run.</summary>
    public IReadOnlyList<SelfTestCheck> Checks { get; }

    /// <summary>For GPUs: a tiny model of each family and the built-in one, and 50 steps of training.</summary>
    public static SelfTestSuite ForGpu()
    {
        var builtIn = new ModelChecks("the built-in model", type => ModelLoader.Load(ModelLoader.BuiltIn, type));
        return new SelfTestSuite(texts: 8, length: 32, [.. builtIn.TwoPointSteps, builtIn.Training(Steps)]);
    }

    /// <summary>For simulations, where the built-in model would take hours: few tokens.</summary>
    public static SelfTestSuite ForSimulation() => new(texts: 2, length: 5, []);

    public void Dispose() => _folders.ForEach(f => f.Dispose());
}
