using IlZo.Arithmetic;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

public sealed class StudentTTests
{
    // From published tables, to their last digit.
    [Theory]
    [InlineData(0.05, 1, 12.7062)]
    [InlineData(0.05, 2, 4.3027)]
    [InlineData(0.05, 3, 3.1824)]
    [InlineData(0.05, 4, 2.7764)]
    [InlineData(0.05, 10, 2.2281)]
    [InlineData(0.05, 30, 2.0423)]
    [InlineData(0.01, 5, 4.0321)]
    [InlineData(0.001, 19, 3.8834)]
    public void Quantiles_are_those_of_the_tables(double probability, int degrees, double expected) =>
        Near.Equal(expected, StudentT.Quantile(probability, degrees), 6e-5);

    [Fact]
    public void With_one_degree_of_freedom_it_is_Cauchys_distribution()
    {
        foreach (double t in (double[])[0, 0.1, 1, 3, 50])
        {
            Near.Equal(1 - (2 / Math.PI * Math.Atan(t)), StudentT.TwoSided(t, 1), 1e-15);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(24)]
    public void The_density_integrates_to_the_probability(int degrees)
    {
        // Simpson's rule on the density, whose constant is what makes the whole integral one.
        double Density(double x) => Math.Pow(1 + (x * x / degrees), -(degrees + 1) / 2.0);
        double Integral(double to, int parts) => Enumerable.Range(0, parts).Sum(i =>
        {
            double h = to / parts;
            return h / 6 * (Density(i * h) + (4 * Density((i + 0.5) * h)) + Density((i + 1) * h));
        });
        double ratio = Integral(1.5, 2000) / Integral(3, 4000);
        Near.Equal(ratio, (1 - StudentT.TwoSided(1.5, degrees)) / (1 - StudentT.TwoSided(3, degrees)), 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(19)]
    public void A_quantile_has_its_probability(int degrees)
    {
        foreach (double p in (double[])[0.9, 0.5, 0.05, 1e-6])
        {
            Near.Equal(p, StudentT.TwoSided(StudentT.Quantile(p, degrees), degrees), 1e-12);
        }
    }
}
