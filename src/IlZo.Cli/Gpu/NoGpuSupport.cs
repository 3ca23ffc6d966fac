using IlZo.Backends;

namespace IlZo.Cli.Gpu;

/// <summary>GPUs, in a build without them.</summary>
internal static class GpuSupport
{
    private const string Reason = "this build has no GPU support (dotnet build -p:Ilgpu=true makes one that has)";

    /// <summary>The GPUs, or why there are none.</summary>
    public static IReadOnlyList<GpuInfo> Find(out string reason)
    {
        reason = Reason;
        return [];
    }

    /// <summary>Opens a GPU by its number.</summary>
    public static IBackend Open(int index, string precision) => throw new InvalidInputException($"There is no cuda:{index}: {Reason}.");

    /// <summary>Measures a GPU.</summary>
    public static void Bench(BenchPart part, BenchRequest request) => throw new InvalidInputException($"There is no {request.Device}: {Reason}.");

    /// <summary>Compares a device with the CPU engine.</summary>
    public static IEnumerable<SelfTestLine> SelfTest(int? index) => throw new InvalidInputException($"There is nothing to test: {Reason}.");
}
