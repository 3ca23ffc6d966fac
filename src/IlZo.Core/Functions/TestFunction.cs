using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Optimizers;

namespace IlZo.Functions;

/// <summary>A function of the literature on which methods are tried without a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">f(x), in fp64.</param>
/// <param name="Start">Element i of the point where runs begin.</param>
/// <param name="Curvature">About the trace of the Hessian there for each dimension, whose inverse is the scale of mezo's best rate.</param>
public sealed record TestFunction(string Name, Func<double[], double> Value, Func<int, double> Start, double Curvature)
{
    /// <summary>The only dimension it has; null where it has any.</summary>
    public int? Dimension { get; init; }

    /// <summary>Where a run has left, of a function that has no lowest value.</summary>
    public double Floor { get; init; } = double.NegativeInfinity;

    /// <summary>Its gradient; null where derivatives are not known.</summary>
    public Func<double[], double[]>? Gradient { get; init; }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<TestFunction> All { get; } =
    [
        new("sphere", x => x.Sum(v => v * v), Wave, 2) { Gradient = x => [.. x.Select(v => 2 * v)] },
        new("rastrigin", x => x.Sum(v => 10 + (v * v) - (10 * Math.Cos(2 * Math.PI * v))), Wave, 400)
        {
            Gradient = x => [.. x.Select(v => (2 * v) + (20 * Math.PI * Math.Sin(2 * Math.PI * v)))],
        },
        new("rosenbrock", Rosenbrock, Wave, 300) { Gradient = RosenbrockGradient },

        // x³ − 3xy² from LOREN's start. It is harmonic: the trace is 0, and the rate is that of its test.
        new("saddle", x => (x[0] * x[0] * x[0]) - (3 * x[0] * x[1] * x[1]), i => i == 0 ? 2.9 : -0.01, 500)
        {
            Dimension = 2,
            Floor = -10,
            Gradient = x => [(3 * x[0] * x[0]) - (3 * x[1] * x[1]), -6 * x[0] * x[1]],
        },

        // ½ Σ κ x² with a κ for each block of 100 variables, which is a tensor: from 1 to 1000, equally far apart in their logarithms.
        new("ellipsoid", Ellipsoid, Wave, 190)
        {
            Gradient = x => [.. x.Select((v, i) => EllipsoidCurvature(i, x.Length) * v)],
        },

        // Its third derivatives are 1: the smoothing bias of E[ĝ] is ε²/2 in each variable, everywhere. It has no lowest value.
        new("cubic", x => x.Sum(v => (0.5 * v * v) + (v * v * v / 6)), Wave, 1.5)
        {
            Floor = -1,
            Gradient = x => [.. x.Select(v => v + (0.5 * v * v))],
        },
    ];

    /// <summary>Refuses a method that takes what a function has nothing of.</summary>
    /// <exception cref="InvalidInputException">The method takes inputs of layers.</exception>
    internal void RequireFit(OptimizerMethod method)
    {
        if (method.Takes == PassKind.Inputs)
        {
            throw new InvalidInputException(
                $"{method.Name} takes {method.Takes.Words()}, and {Setting.Function} is {Name}, which has none; another method was "
                    + "expected.");
        }
    }

    /// <summary>The function of a name.</summary>
    /// <exception cref="InvalidInputException">There is no such function.</exception>
    public static TestFunction Find(string name) => All.FirstOrDefault(f => f.Name == name)
        ?? throw new InvalidInputException(
            $"There is no function '{name}'; one of these was expected: {string.Join(", ", All.Select(f => f.Name))}.");

    private static double Ellipsoid(double[] x)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += 0.5 * EllipsoidCurvature(i, x.Length) * x[i] * x[i];
        }

        return sum;
    }

    private static double EllipsoidCurvature(int variable, int dimension)
    {
        int last = (dimension - 1) / FunctionSpace.Block;
        return last == 0 ? 1 : ElementaryFunctions.Pow(1000, (double)(variable / FunctionSpace.Block) / last);
    }

    private static double Wave(int i) => 0.5 + (0.4 * Math.Sin(i));

    private static double Rosenbrock(double[] x)
    {
        double sum = 0;
        for (int i = 0; i < x.Length - 1; i++)
        {
            double valley = x[i + 1] - (x[i] * x[i]);
            sum += (100 * valley * valley) + ((1 - x[i]) * (1 - x[i]));
        }

        return sum;
    }

    private static double[] RosenbrockGradient(double[] x)
    {
        double[] gradient = new double[x.Length];
        for (int i = 0; i < x.Length - 1; i++)
        {
            double valley = x[i + 1] - (x[i] * x[i]);
            gradient[i] += (-400 * x[i] * valley) - (2 * (1 - x[i]));
            gradient[i + 1] += 200 * valley;
        }

        return gradient;
    }
}
