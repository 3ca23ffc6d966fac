namespace IlZo.Core.Tests;

/// <summary>Errors in units in the last place.</summary>
internal static class Ulps
{
    /// <summary>How far a number is from the exact one, in units of fp32 there; NaN where a number is none.</summary>
    public static double Between(float actual, double exact) =>
        Math.Abs(actual - exact) / Math.ScaleB(1, Math.Max(exact == 0 ? -126 : Math.ILogB(exact), -126) - 23);

    /// <summary>The same in fp64.</summary>
    public static double Between(double actual, double exact) =>
        Math.Abs(actual - exact) / (Math.BitIncrement(Math.Abs(exact)) - Math.Abs(exact));
}
