using System.Runtime.CompilerServices;

namespace IlZo;

/// <summary>
/// What messages call the options of whoever uses the library: by the names of their properties and parameters, unless a program in which
/// they have other names, as flags of a command line have, says so when it starts.
/// </summary>
internal static class Setting
{
    private static Func<string, string> s_spelling = property => property;

    /// <summary>Has all messages of the process call options otherwise.</summary>
    /// <param name="spelling">What the option of a property is called.</param>
    public static void SpellAs(Func<string, string> spelling) => s_spelling = spelling;

    public static string Adapter => Name();

    public static string AllowShortLog => Name();

    public static string Alpha => Name();

    public static string Axes => Name();

    public static string Baseline => Name();

    public static string BatchSize => Name();

    public static string BestOf => Name();

    public static string Calibrate => Name();

    public static string ChatTemplate => Name();

    public static string Clip => Name();

    public static string Columns => Name();

    public static string DType => Name();

    public static string Data => Name();

    public static string Demonstrations => Name();

    public static string DemonstrationsPerExample => Name();

    public static string DevSize => Name();

    public static string Device => Name();

    public static string Dimension => Name();

    public static string Directions => Name();

    public static string Engine => Name();

    public static string Epsilon => Name();

    public static string Epsilons => Name();

    public static string Eta => Name();

    public static string EvalEvery => Name();

    public static string Exact => Name();

    public static string FirstSeed => Name();

    public static string ForwardPasses => Name();

    public static string Freeze => Name();

    public static string Function => Name();

    public static string Jobs => Name();

    public static string Keep => Name();

    public static string LearningRate => Name();

    public static string LearningRates => Name();

    public static string MaskHistory => Name();

    public static string MaxLength => Name();

    public static string MaxNewTokens => Name();

    public static string Model => Name();

    public static string Objective => Name();

    public static string Opt => Name();

    public static string Optimizers => Name();

    public static string Overcommit => Name();

    public static string Patience => Name();

    public static string Points => Name();

    public static string Precision => Name();

    public static string PrefixPositions => Name();

    public static string PrefixTokens => Name();

    public static string Queries => Name();

    public static string Rank => Name();

    public static string Rates => Name();

    public static string RepetitionPenalty => Name();

    public static string Resume => Name();

    public static string Samples => Name();

    public static string Schedule => Name();

    public static string Seed => Name();

    public static string Seeds => Name();

    public static string Shots => Name();

    public static string Sides => Name();

    public static string SkipBadRows => Name();

    public static string SplitSpecialTokens => Name();

    public static string Steps => Name();

    public static string StopOnDivergence => Name();

    public static string StopStrings => Name();

    public static string Strategy => Name();

    public static string SweepSeed => Name();

    public static string Target => Name();

    public static string Targets => Name();

    public static string Task => Name();

    public static string Temperature => Name();

    public static string TestAtEnd => Name();

    public static string TestSize => Name();

    public static string Threads => Name();

    public static string To => Name();

    public static string ToStep => Name();

    public static string TopK => Name();

    public static string TopP => Name();

    public static string TrainOnPrompt => Name();

    public static string TrainOnly => Name();

    public static string TrainSize => Name();

    public static string Trials => Name();

    public static string Warmup => Name();

    public static string WeightDecay => Name();

    public static string WeightMemory => Name();

    public static string Widen => Name();

    public static string WriteEvery => Name();

    private static string Name([CallerMemberName] string property = "") => s_spelling(property);
}
