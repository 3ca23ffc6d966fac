namespace IlZo.Core.Tests;

/// <summary>What finds least in its time runs only with <c>ILZO_TEST_LONG=1</c>, each night.</summary>
internal static class LongTests
{
    public static bool Run { get; } = Environment.GetEnvironmentVariable("ILZO_TEST_LONG") == "1";

    /// <summary>Those of some cases that run now.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> cases, Func<T, bool> isEveryTime) => Run ? cases : cases.Where(isEveryTime);
}
