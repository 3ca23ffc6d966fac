using IlZo.Core.Tests;

namespace IlZo.Cli.Tests;

public static partial class Ilzo
{
    /// <summary>Runs <c>ilzo</c> with arguments and waits for its end.</summary>
    public static Outcome Run(params string[] args) => RunIn(null, args);

    /// <summary>
    /// Runs <c>ilzo</c> in a folder: where <c>ILZO_TEST_LONG</c> is 1 in a process of its own, as users do, and otherwise in one that has
    /// run other commands before.
    /// </summary>
    public static Outcome RunIn(string? folder, params string[] args) =>
        LongTests.Run ? Run(Command(folder, args)) : WarmIlzo.Run(folder, args);
}
