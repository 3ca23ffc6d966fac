using IlZo.Backends.Cpu.Emitted;

namespace IlZo.Backends.Cpu;

/// <summary>What computes the products of weights and activations, and how exactly. Different choices give different roundings, so a run keeps its own.</summary>
public sealed record EngineChoice
{
    private const string Auto = "auto";
    private const string ManagedName = "managed";
    private const string AmxName = "amx";
    private const string DotProductName = "avx512-bf16";
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
            // Tiles have run on no hardware yet, so they are taken only when asked for by name: what a self-test cannot catch is a crash.
            (ManagedName, _) or (Auto, Auto or Fp32) => Managed,
            (Auto, BFloat16) => OrManaged(DotProductName, precision, EmittedKernels.DotProduct, $"--precision {precision}"),
            (_, BFloat16) => OrManaged(AmxName, precision, EmittedKernels.Tiles, $"--engine {engine} --precision {precision}"),
            _ => OrManaged(AmxName, SplitBFloat16, EmittedKernels.SplitTiles, engine == Auto ? $"--precision {precision}" : $"--engine {engine}"),
        };
    }

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
    public static IReadOnlyList<(string Name, string Sentence)> Explain() =>
    [
        (ManagedName, "C# kernels in fp32, the default."),
        (AmxName, CpuFeatures.HasTiles
            ? "bf16x3 and bf16 by emitted tile instructions, which have run on no hardware yet: tried with --engine amx."
            : Sentence("bf16x3 and bf16 by emitted tile instructions", EmittedKernels.SplitTiles, string.Empty)),
        (DotProductName, Sentence("bf16 by emitted VDPBF16PS", EmittedKernels.DotProduct, "used for --precision bf16")),
    ];

    internal ProductEngine CreateProducts() => _function is null ? new ManagedProducts() : new BFloat16Products(_function);

    private static EngineChoice OrManaged(string engine, string precision, KernelProbe probe, string asked) => Usable(probe) is { } function
        ? new EngineChoice(engine, precision, function)
        : new EngineChoice(ManagedName, Fp32, null, $"{asked} is not possible here ({probe.Finding}); the C# kernels compute in fp32 instead.");

    private static PanelFunction? Usable(KernelProbe probe) => probe.Speedup >= KernelProbe.LeastSpeedup ? probe.Function : null;

    private static string Sentence(string what, KernelProbe probe, string use) =>
        $"{what}, {(Usable(probe) is null ? "not used" : use)}: {probe.Finding}.";
}
