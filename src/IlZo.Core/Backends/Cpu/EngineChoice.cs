using IlZo.Backends.Cpu.Emitted;

namespace IlZo.Backends.Cpu;

/// <summary>What computes the products of weights and activations, and how exactly. Different choices give different roundings, so a run keeps its own.</summary>
public sealed record EngineChoice
{
    internal const string AmxName = "amx";
    internal const string DotProductName = "avx512-bf16";
    private const string Auto = "auto";
    private const string ManagedName = "managed";
    private const string Fp32 = "fp32";
    private const string BFloat16 = "bf16";
    private const string SplitBFloat16 = "bf16x3";

    private readonly PanelFunction? _function;

    private EngineChoice(string engine, string precision, PanelFunction? function, string? notice = null) =>
        (Engine, Precision, _function, Notice) = (engine, precision, function, notice);

    /// <summary>The C# kernels in fp32.</summary>
    public static EngineChoice Managed { get; } = new(ManagedName, Fp32, null);

    /// <summary>managed, amx or avx512-bf16.</summary>
    public string Engine { get; }

    /// <summary>fp32, bf16x3 (each number as the sum of two bfloat16 ones) or bf16.</summary>
    public string Precision { get; }

    /// <summary>Why this is not what was asked for, as a sentence; null where it is.</summary>
    public string? Notice { get; }

    /// <summary>Whether the C# kernels compute, with which others are compared.</summary>
    public bool IsReference => _function is null;

    /// <summary>Chooses an engine. What this machine cannot do is replaced by the C# kernels, and <see cref="Notice"/> says so.</summary>
    /// <param name="engine">auto, managed or amx.</param>
    /// <param name="precision">auto, fp32, bf16x3 or bf16.</param>
    /// <exception cref="InvalidInputException">A name is unknown, or no machine has that engine in that precision.</exception>
    public static EngineChoice Of(string engine, string precision)
    {
        Validate(engine, precision);
        return (engine, precision) switch
        {
            (ManagedName, _) or (Auto, Auto or Fp32) => Managed,
            (Auto, BFloat16) => OrManaged(DotProductName, precision, EmittedKernels.DotProduct, $"--precision {precision}"),
            (_, BFloat16) => OrManaged(AmxName, precision, EmittedKernels.Tiles, $"--engine {engine} --precision {precision}"),
            _ => OrManaged(AmxName, SplitBFloat16, EmittedKernels.SplitTiles, engine == Auto ? $"--precision {precision}" : $"--engine {engine}"),
        };
    }

    /// <summary>
    /// What auto stands for where it may stand for tiles: they are named if a trial succeeds, which a caller runs in a process of its own, since what a
    /// self-test cannot catch is a crash (<see cref="EngineSelfTest"/>). Without a trial auto means the C# kernels.
    /// </summary>
    /// <param name="engine">auto, managed or amx.</param>
    /// <param name="precision">auto, fp32, bf16x3 or bf16.</param>
    /// <param name="failure">Runs the trial and says what failed, or null.</param>
    /// <returns>A name for <see cref="Of"/>.</returns>
    public static string ResolveAuto(string engine, string precision, Func<string?> failure) =>
        engine == Auto && precision != Fp32 && CpuFeatures.HasTiles && failure() is null ? AmxName : engine;

    /// <summary>Checks names, without asking what this machine has.</summary>
    /// <param name="engine">auto, managed or amx.</param>
    /// <param name="precision">auto, fp32, bf16x3 or bf16.</param>
    /// <exception cref="InvalidInputException">A name is unknown, or no machine has that engine in that precision.</exception>
    public static void Validate(string engine, string precision)
    {
        if (engine is not (Auto or ManagedName or AmxName))
        {
            throw new InvalidInputException($"--engine is '{engine}'; auto, managed or amx was expected.");
        }

        if (precision is not (Auto or Fp32 or SplitBFloat16 or BFloat16))
        {
            throw new InvalidInputException($"--precision is '{precision}'; auto, fp32, bf16x3 or bf16 was expected.");
        }

        if (engine == ManagedName && precision is SplitBFloat16 or BFloat16)
        {
            throw new InvalidInputException($"--precision is {precision} with --engine managed; auto or fp32 was expected.");
        }

        if (engine == AmxName && precision == Fp32)
        {
            throw new InvalidInputException("--precision is fp32 with --engine amx; auto, bf16x3 or bf16 was expected.");
        }
    }

    /// <summary>What each engine is, and what was found about it on this machine: a name and a sentence each.</summary>
    /// <param name="failure">As in <see cref="ResolveAuto"/>.</param>
    public static IReadOnlyList<(string Name, string Sentence)> Explain(Func<string?> failure) =>
    [
        (ManagedName, "C# kernels in fp32, used where no other engine is."),
        (AmxName, CpuFeatures.HasTiles && failure() is { } reason
            ? $"bf16x3 and bf16 by emitted tile instructions, not used: {reason}."
            : Sentence("bf16x3 and bf16 by emitted tile instructions", EmittedKernels.SplitTiles, "used by --engine auto")),
        (DotProductName, Sentence("bf16 by emitted VDPBF16PS", EmittedKernels.DotProduct, "used for --precision bf16")),
    ];

    internal ProductEngine CreateProducts() => _function is null ? new ManagedProducts() : new BFloat16Products(_function);

    private static EngineChoice OrManaged(string engine, string precision, KernelProbe probe, string asked) => probe is { IsUsable: true, Function: { } function }
        ? new EngineChoice(engine, precision, function)
        : new EngineChoice(ManagedName, Fp32, null, $"{asked} is not possible here ({probe.Finding}); the C# kernels compute in fp32 instead.");

    private static string Sentence(string what, KernelProbe probe, string use) =>
        $"{what}, {(probe.IsUsable ? use : "not used")}: {probe.Finding}.";
}
