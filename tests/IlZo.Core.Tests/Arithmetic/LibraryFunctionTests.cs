using System.Text.RegularExpressions;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>
/// The C library's and .NET's transcendental functions differ in last bits between systems and versions, and a multiply-add that may round
/// once or twice between processors: no code that a run's bits depend on calls them.
/// </summary>
public partial class LibraryFunctionTests
{
    // What is shown, drawn or measured only, such as who does how much of a run on many machines; constants of SHA-256, whose test vectors
    // prove them; and a ** b of chat templates, where Python calls the C library too.
    private static readonly string[] s_allowed =
    [
        "IlZo.Cli/Commands/CompareCommand.cs", "IlZo.Cluster/Work/Pace.cs", "IlZo.Core/Arithmetic/StudentT.cs",
        "IlZo.Core/Backends/Cpu/Emitted/EngineSelfTest.cs", "IlZo.Core/Benchmarks/MachinePeak.cs", "IlZo.Core/Functions/TestFunction.cs",
        "IlZo.Core/Reporting/Axis.cs", "IlZo.Core/Reporting/ComparisonTable.cs", "IlZo.Core/Sha256.cs",
        "IlZo.Core/Tasks/Metrics/Perplexity.cs", "IlZo.Core/Tokenization/ChatTemplates/ArithmeticExpression.cs",
        "IlZo.Core/Training/Comparisons/ComparisonReport.cs", "IlZo.Core/Training/Comparisons/Studies/MethodOnTask.cs",
        "IlZo.Core/Training/Comparisons/Studies/PairedRuns.cs", "IlZo.Core/Training/Comparisons/Studies/PassesRatio.cs",
        "IlZo.Core/Training/Evaluation/Evaluation.cs",
    ];

    [Fact]
    public void Only_what_is_shown_calls_them()
    {
        string root = TestData.InRepository("src");
        string[] sources = [.. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Select(
            f => Path.GetRelativePath(root, f).Replace('\\', '/'))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))];
        string[] callers = [.. sources.Where(f => Call().IsMatch(File.ReadAllText(Path.Combine(root, f)))).Order(StringComparer.Ordinal)];
        Assert.InRange(sources.Length, 300, int.MaxValue);
        Assert.Equal(s_allowed, callers);
    }

    [GeneratedRegex(
        @"\b((MathF?|double|float|TensorPrimitives|Vector(64|128|256|512)?)"
        + @"\.(Exp\w*|Log\w*|Pow|A?(Sin|Cos|Tan)h?|SinCos\w*|Sigmoid|SoftMax|Cbrt|RootN"
        + @"|Hypot|Sum\w*|Dot|Norm)\b|\w+\.MultiplyAddEstimate\b)")]
    private static partial Regex Call();
}
