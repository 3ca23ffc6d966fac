using System.CommandLine;
using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Functions;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli.Shell;

/// <summary>What an option's value may be, as far as that is known: names of catalogs, and words that its help gives for it.</summary>
internal static class OptionValues
{
    // Placeholders of paths in help.
    private static readonly string[] s_paths = ["FILE", "DIR", "PATH", "RUN"];

    /// <summary>Whether an option has a value.</summary>
    public static bool Has(Option option) => option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;

    /// <summary>Whether the value may be a path.</summary>
    public static bool MayBePath(Option option) => Alternatives(option).Any(s_paths.Contains);

    /// <summary>The values that can be named; none where they are numbers or texts.</summary>
    public static IReadOnlyList<string> Of(Option option) =>
    [
        .. Alternatives(option).Where(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))),
        .. option.Name switch
        {
            "--optimizer" or "--optimizers" => OptimizerCatalog.All.Select(m => m.Name),
            "--task" => TaskCatalog.Names,
            "--function" => TestFunction.All.Select(f => f.Name),
            "--shape" => SyntheticCheckpoint.Shapes,
            "--gguf" => GgufTypeWords.Instance.All,
            "--schedule" => ScheduleWords.Instance.All,
            "--objective" => ["loss", .. MetricCatalog.Objectives],
            "--directions" => DirectionWords.Instance.All,
            "--dtype" => DTypeWords.Instance.All,
            "--engine" => [EngineRequest.Auto, EngineName.Managed, EngineName.Amx, EngineName.Cuda],
            "--precision" =>
            [
                EngineRequest.Auto, PrecisionName.Fp32, PrecisionName.SplitBFloat16, PrecisionName.Float16, PrecisionName.BFloat16,
            ],
            _ => [],
        },
    ];

    private static string[] Alternatives(Option option) => option.HelpName?.Split('|') ?? [];
}
