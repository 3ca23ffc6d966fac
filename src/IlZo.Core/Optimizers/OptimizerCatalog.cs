namespace IlZo.Optimizers;

/// <summary>The methods by name. A new one is a file beside the others and an entry here.</summary>
public static class OptimizerCatalog
{
    /// <summary>All methods.</summary>
    public static IReadOnlyList<OptimizerMethod> All { get; } =
    [
        new("mezo", "two-point SPSA with SGD (Malladi et al. 2023): 2 forwards a step and query, no state", Mezo)
        {
            Sides = [2, 1],
        },
        new("mezo-momentum", "SPSA with heavy-ball momentum (Zhang et al. 2024): 2 forwards, 4 bytes a weight; divide mezo's rate by 10", MezoMomentum)
        {
            Sides = [2, 1],
        },
        new("mezo-adam", "SPSA with Adam (Malladi et al. 2023): 2 forwards, 8 bytes a weight", MezoAdam)
        {
            Sides = [2, 1],
        },
        new("kerzoo", "SPSA at random radii with a kernel that cancels the smoothing bias (2025): 2 forwards a query", KerZoo)
        {
            Queries = 3,
        },
        new("dizo", "mezo, and every 50 steps a search for how far attention weights are from their start (2025): 2.4 forwards, no state", DiZo)
        {
            Sides = [2, 1],
        },
        new("curvzo", "SPSA on few tensors, chosen by tracked scores, with inverse-probability weights (2026): 2 forwards", CurvZo)
        {
            MostQueries = 1,
        },
        new("loren", "leave-one-out estimate along directions of learned rank-one curvature, with momentum (2025): 6 forwards, 4 bytes a weight", Loren)
        {
            Queries = 6,
            LeastQueries = 2,
            Sides = [1],
            AnyDirections = false,
        },
        new("zo-sign", "mezo with only the sign of its scalar (Zhang et al. 2024): 2 forwards, no state", s => new EstimatorOptimizer(s, new ZoSign(s), new Sgd(s.WeightDecay)))
        {
            Sides = [2, 1],
        },
        new("zo-conservative", "the best of mezo's step, its opposite and none (Zhang et al. 2024): 5 forwards, no state", s => new ZoConservative(s)),
        new("fzoo", "one-sided probes along signs, divided by the standard deviation of their losses (2025): 9 forwards, no state", s => new EstimatorOptimizer(s, new Fzoo(s), new Sgd(s.WeightDecay)))
        {
            Queries = 8,
            LeastQueries = 2,
            Sides = [1],
        },
        new("sparse-mezo", "mezo on the smallest quarter of each matrix (2024): 2 forwards, 4 bytes a tensor", s => new EstimatorOptimizer(s, new SparseMezo(s), new Sgd(s.WeightDecay)))
        {
            Sides = [2, 1],
        },
        new("lozo", "mezo along low-rank directions with a factor kept for 50 steps (2024): 2 forwards, 8 bytes a column", s => new EstimatorOptimizer(s, new Lozo(s), new Sgd(s.WeightDecay)))
        {
            Sides = [2, 1],
            AnyDirections = false,
        },
        new("lozo-m", "lozo with momentum in the other factor (2024): 2 forwards, 8 bytes a column and row", s => new LozoMomentum(s))
        {
            Sides = [2, 1],
            AnyDirections = false,
        },
        new("hizoo", "SPSA scaled by a learned diagonal Hessian (2024): 3 forwards, 4 bytes a weight", s => new HiZoo(s))
        {
            MostQueries = 1,
        },
        new("mezo-svrg", "mezo corrected by an estimate of all examples every 2 steps (2024): 4 forwards and that, 4 bytes a weight", s => new MezoSvrg(s))
        {
            MostQueries = 1,
        },
        new("meazo", "mezo divided by one running magnitude of its scalar (2026): 2 forwards, no state", s => new Meazo(s))
        {
            Sides = [2, 1],
        },
        new("r-adazo", "SPSA with Adam whose second moment is that of the first (2025): 2 forwards, 8 bytes a weight", s => new EstimatorOptimizer(s, new Spsa(s), new RAdaZo(s)))
        {
            Sides = [2, 1],
        },
    ];

    /// <summary>The method of a name.</summary>
    /// <exception cref="InvalidInputException">There is no such method.</exception>
    public static OptimizerMethod Find(string name) => All.FirstOrDefault(m => m.Name == name)
        ?? throw new InvalidInputException($"There is no optimizer '{name}'; one of these was expected: {string.Join(", ", All.Select(m => m.Name))}.");

    private static EstimatorOptimizer Mezo(OptimizerSettings s) => new(s, new Spsa(s), new Sgd(s.WeightDecay));

    private static EstimatorOptimizer MezoMomentum(OptimizerSettings s) =>
        new(s, new Spsa(s), new Momentum(s.Parameters.All, s.Options.Number("beta", 0.9, 0, 1), s.WeightDecay));

    private static EstimatorOptimizer MezoAdam(OptimizerSettings s)
    {
        double beta1 = s.Options.Number("beta1", 0.9, 0, 0.999999);
        double beta2 = s.Options.Number("beta2", 0.999, 0, 0.999999);
        return new(s, new Spsa(s), new Adam(s.Parameters.All, beta1, beta2, s.Options.Number("delta", 1e-8, 0), s.WeightDecay));
    }

    private static DiZo DiZo(OptimizerSettings s) => new(s);

    private static EstimatorOptimizer CurvZo(OptimizerSettings s) =>
        new(s, s.Options.Choice("blocks", ["tensor", "element"]) == "tensor" ? new CurvZo(s) : new CurvZoElements(s), new Sgd(s.WeightDecay));

    private static Optimizer Loren(OptimizerSettings s) =>
        s.Options.Flag("source") ? new LorenSource(s) : new EstimatorOptimizer(s, new Loren(s), Momentum.OfMatrices(s));

    private static Optimizer KerZoo(OptimizerSettings s) =>
        s.Options.Flag("source") ? new KerZooSource(s) : new EstimatorOptimizer(s, new KerZoo(s), new Sgd(s.WeightDecay));
}
