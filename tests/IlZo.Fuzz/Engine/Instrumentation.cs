using SharpFuzz;

namespace IlZo.Fuzz.Engine;

/// <summary>
/// Rewrites the copies of the product that lie beside this program, so that every branch of a parser counts itself in
/// <see cref="SharpFuzz.Common.Trace.SharedMem"/>. It runs once after each build, in a process that has not loaded them.
/// </summary>
internal static class Instrumentation
{
    // Arithmetic parses nothing and would only become slow.
    private static readonly string[] s_arithmetic =
        ["IlZo.Backends.Cpu", "IlZo.Noise", "IlZo.Perturbations", "IlZo.Optimizers", "IlZo.Benchmarks"];

    public static void Apply()
    {
        foreach (string assembly in (string[])["IlZo.Core.dll", "IlZo.Cluster.dll", "IlZo.CommandLine.dll", "ilzo.dll", "ilzo-serve.dll"])
        {
            try
            {
                Fuzzer.Instrument(Path.Combine(AppContext.BaseDirectory, assembly), Counts, Options.Value);
            }
            catch (InstrumentationException e) when (e.Message.Contains("already instrumented", StringComparison.Ordinal))
            {
                // The build had nothing new to copy.
            }
        }
    }

    private static bool Counts(string type) => !s_arithmetic.Any(name => type.StartsWith(name, StringComparison.Ordinal));
}
