using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>The methods by name. A new one is a file beside the others and an entry here.</summary>
public static class OptimizerCatalog
{
    // What several publications give. The catalog below needs them when it is made, so they stand first.
    private static readonly double[] s_usual = [1e-3];
    private static readonly double[] s_mezoRates = [1e-7, 1e-6];
    private static readonly PublishedSetting s_zoBench =
        new("OPT-13B, Llama", [1e-8, 1e-7, 1e-6, 1e-5], [1e-4, 1e-3, 1e-2], 1, "ZO-Bench, arXiv 2402.11592 (ZO-Bench/ZO-LLM)");

    private static readonly PublishedSetting[] s_lozo =
    [
        new("OPT with rank 1 or 2, RoBERTa-large with rank 4", s_mezoRates, s_usual, 1, "LOZO, arXiv 2410.07698 (optsuite/LOZO)"),
    ];

    private static readonly PublishedSetting[] s_tezo =
    [
        new("OPT-13B with a rank of 31.5 on average", [], [], 1,
            "TeZO, arXiv 2501.19057, not seen by us; summaries have rates of 1e-7 to 1e-4 without a division by the rank"),
    ];

    /// <summary>All methods.</summary>
    public static IReadOnlyList<OptimizerMethod> All { get; } =
    [
        new("mezo", "two-point SPSA with SGD (Malladi et al. 2023): 2 forward passes per query, no state", s => Sgd(s, new Spsa(s)))
        {
            Sides = [2, 1],
            Published =
            [
                new("OPT 2.7B to 66B", s_mezoRates, s_usual, 1, "MeZO's scripts for large models (princeton-nlp/MeZO)"),
                new("RoBERTa-large", [1e-7, 1e-6, 1e-5], s_usual, 1, "MeZO, arXiv 2305.17333, appendix"),
                new(
                    "OPT-6.7B in 4 bits, of which the scales are trained and coefficients are clipped at 100", [1e-7], s_usual, 1,
                    "QZO, arXiv 2505.13430 (maifoundations/QZO)"),
            ],
        },
        new("mezo-momentum", "SPSA with heavy-ball momentum (Zhang et al. 2024): 2 forward passes, 4 bytes per weight", MezoMomentum)
        {
            Sides = [2, 1],

            // Momentum adds up ten gradients.
            RateFactor = 0.1,
            Published = [s_zoBench],
        },
        new("mezo-adam", "SPSA with Adam (Malladi et al. 2023): 2 forward passes, 8 bytes per weight", MezoAdam)
        {
            Sides = [2, 1],

            // Its published rates are 10 times mezo's, as they are where a gradient's norm is 10.
            DividesBy = UpdateDivisor.GradientNorm,
            Published = [new("RoBERTa-large", [1e-6, 1e-5, 1e-4], s_usual, 1, "MeZO, arXiv 2305.17333, appendix"), s_zoBench],
        },
        new("kerzoo", "SPSA at random radii with a kernel that cancels the smoothing bias (2025): 2 forward passes per query", KerZoo)
        {
            Queries = 3,
            Published = [new("OPT, Llama", s_mezoRates, s_usual, 3, "KerZOO, arXiv 2505.18886 (Rainbow0427/zo_acc)")],
        },
        new(
            "dizo",
            "mezo, and every 50 steps a search over how far attention weights are from their start (2025): 2.4 forward passes, no state",
            s => new DiZo(s))
        {
            ReadsStartLater = true,
            Sides = [2, 1],
            Published = [new("OPT-2.7B", s_mezoRates, s_usual, 1, "DiZO's scripts (Skilteee/DiZO)")],
        },
        new("curvzo", "SPSA on few tensors, chosen by tracked scores, with inverse-probability weights (2026): 2 forward passes", CurvZo)
        {
            MostQueries = 1,
            Published = [new("OPT, Llama", s_mezoRates, s_usual, 1, "CurvZO, arXiv 2603.21725; it gives no rate, so these are MeZO's")],
        },
        new(
            "loren",
            "leave-one-out estimate along directions of learned rank-one curvature, momentum (2025): 6 forward passes, 4 bytes per weight",
            Loren)
        {
            Queries = 6,
            LeastQueries = 2,
            Sides = [1],
            Directions = [DirectionKind.Gaussian],

            // Momentum adds up ten gradients, which have a fifth of the variance of mezo's.
            RateFactor = 0.3,

            // docs/study.md: what the authors run takes fewer passes than the paper's update does.
            ChangedDefaults = [new("source", First: "false", Now: "true")],
            Published =
            [
                new("GPT-2-XL, OPT, Llama-3-8B, RoBERTa-large", [1e-7, 1e-6, 1e-5, 1e-4], s_usual, 6,
                    "LOREN, arXiv 2511.07971 (hseung88/loren); a range to search, its tables of rates are not public"),
            ],
        },
        new(
            "rloo",
            "leave-one-out estimate of one-sided losses, momentum; loren without its curvature: 6 forward passes, 4 bytes per weight",
            s => new EstimatorOptimizer(s, new Rloo(s), Momentum.OfMatrices(s)))
        {
            Queries = 6,
            LeastQueries = 2,
            Sides = [1],

            // loren's.
            RateFactor = 0.3,
            Published = [new("the models of LOREN", [], [], 6, "LOREN, arXiv 2511.07971, which gives no figures without curvature")],
        },
        new("zo-sign", "mezo with only the sign of its scalar (Zhang et al. 2024): 2 forward passes, no state", s => Sgd(s, new ZoSign(s)))
        {
            Sides = [2, 1],

            // mezo's step without the magnitude of its scalar, which is about the gradient's norm.
            DividesBy = UpdateDivisor.GradientNorm,
            Published = [s_zoBench],
        },
        new(
            "zo-conservative",
            "the best of mezo's step, its opposite and none (Zhang et al. 2024): 5 forward passes, no state",
            s => new ZoConservative(s))
        {
            Published = [s_zoBench],
        },
        new(
            "fzoo",
            "one-sided probes along signs, divided by the standard deviation of their losses (2025): 9 forward passes, no state",
            s => Sgd(s, new Fzoo(s)))
        {
            Queries = 8,
            LeastQueries = 2,
            Sides = [1],
            Directions = [DirectionKind.Rademacher, DirectionKind.Gaussian, DirectionKind.Sphere],

            DividesBy = UpdateDivisor.LossDeviation,
            Published = [new("RoBERTa-large, OPT-13B", [], [], 8, "FZOO, arXiv 2506.09034; its rates and radii are not known to us")],
        },
        new(
            "sparse-mezo",
            "mezo on the smallest quarter of each matrix (2024): 2 forward passes, 4 bytes per tensor",
            s => Sgd(s, new SparseMezo(s)))
        {
            ReadsStartLater = true,
            Sides = [2, 1],

            // With a quarter of the weights an estimate has a quarter of the variance, and its paper says 3 to 10.
            RateFactor = 4,
            Published =
            [
                new("Llama-7B", [3e-7, 1e-6, 3e-6, 1e-5], s_usual, 1,
                    "Sparse-MeZO, arXiv 2402.15751; it says 3 to 10 times MeZO's rates, which are these"),
            ],
        },
        new(
            "lozo",
            "mezo along low-rank directions with a factor kept for 50 steps (2024): 2 forward passes, 8 bytes per column",
            s => Sgd(s, new Lozo(s)))
        {
            Sides = [2, 1],
            Directions = [DirectionKind.Gaussian],

            // The mean of its estimate is the rank, 2, times the gradient.
            RateFactor = 0.5,
            Published = s_lozo,
        },
        new(
            "lozo-m",
            "lozo with momentum in the other factor (2024): 2 forward passes, 8 bytes per column and row",
            s => new LozoMomentum(s))
        {
            Sides = [2, 1],
            Directions = [DirectionKind.Gaussian],

            // lozo's: this momentum is a mean and not a sum.
            RateFactor = 0.5,
            Published = s_lozo,
        },
        new(
            "subzero",
            "mezo in an orthonormal subspace of each matrix for 1000 steps (2024): 2 forward passes, 64 bytes per column, 128 per row",
            s => Sgd(s, new SubZero(s)))
        {
            Sides = [2, 1],
            Directions = [DirectionKind.Gaussian],
            Published =
            [
                new("OPT-1.3B with rank 16, OPT-13B and Llama-3.1-8B with rank 128", [1e-7, 5e-7, 1e-6], s_usual, 1,
                    "SubZero, arXiv 2410.08989 (zimingyy/SubZero), as SubZero+ has it"),
            ],
        },
        new(
            "tezo",
            "mezo along low-rank directions whose factors stay, with new weights (2025): 2 forward passes, 128 bytes per column and row",
            s => Sgd(s, new Tezo(s)))
        {
            Sides = [2, 1],
            Directions = [DirectionKind.Gaussian],
            Published = s_tezo,
        },
        new(
            "tezo-m",
            "tezo with momentum of these weights (2025): 2 forward passes, 128 bytes per column and row",
            s => new TezoMomentum(s))
        {
            Sides = [2, 1],
            Directions = [DirectionKind.Gaussian],
            Published = s_tezo,
        },
        new(
            "zo-muon",
            "one-sided probes in subspaces of matrices, estimates orthogonalized (2026): 5 forward passes, 256 bytes per column and row",
            s => new ZoMuon(s))
        {
            Queries = 4,
            Sides = [1],
            Directions = [DirectionKind.Gaussian],

            DividesBy = UpdateDivisor.SingularValues,
            Published = [new("OPT-13B", [1e-2], s_usual, 4, "ZO-Muon, arXiv 2602.17155 (OPTML-Group/ZO-Muon)")],
        },
        new("hizoo", "SPSA scaled by a learned diagonal Hessian (2024): 3 forward passes, 4 bytes per weight", s => new HiZoo(s))
        {
            MostQueries = 1,
            Published = [new("OPT, Llama", [1e-6], s_usual, 1, "HiZOO, arXiv 2402.15173 (Yanjun-Zhao/HiZOO)")],
        },
        new(
            "mezo-svrg",
            "mezo corrected by an estimate over all examples every 2 steps (2024): 4 forward passes plus that, a copy of the weights",
            s => new MezoSvrg(s))
        {
            MostQueries = 1,
            Published =
            [
                new("the models of its scripts", [1e-6], s_usual, 1,
                    "MeZO-SVRG, arXiv 2404.08080 (amazon-science/mezo_svrg); its steps of all examples have 1e-3: the option full=1000"),
            ],
        },
        new("meazo", "mezo divided by one running magnitude of its scalar (2026): 2 forward passes, no state", s => new Meazo(s))
        {
            Sides = [2, 1],

            DividesBy = UpdateDivisor.GradientNorm,
            Published = [new("the models of its paper", [], [], 1, "MEAZO, arXiv 2605.03869; its rates and radii are not known to us")],
        },
        new(
            "r-adazo",
            "SPSA with Adam whose second moment is that of the first (2025): 2 forward passes, 8 bytes per weight",
            s => new EstimatorOptimizer(s, new Spsa(s), new RAdaZo(s)))
        {
            Sides = [2, 1],

            // It divides by the magnitude of the mean of estimates, which is √((1 + β₁)/(1 − β₁)) = 4.4 times smaller than Adam's divisor.
            DividesBy = UpdateDivisor.GradientNorm,
            RateFactor = 0.2,
            Published = [new("the models of its paper", [], [], 1, "R-AdaZO, arXiv 2502.01014; its rates and radii are not known to us")],
        },
        new("conmezo", "mezo in a cone around the momentum of its estimates (2025): 2 forward passes, 4 bytes per weight", ConMezo)
        {
            Sides = [2, 1],
            Published =
            [
                new("OPT-1.3B, OPT-13B", [1e-7], s_usual, 1, "ConMeZO's scripts, arXiv 2511.02757 (LejsDeen/ConMeZO)"),
                new("RoBERTa-large", [1e-6], s_usual, 1, "ConMeZO's scripts (LejsDeen/ConMeZO)"),
            ],
        },
        new(
            "zo-align",
            "what several queries say together: the projection of the gradient on their span (2025): 5 forward passes, no state",
            s => new ZoAlign(s))
        {
            Queries = 4,
            Sides = [1, 2],
            Published = [new("its paper's models", [], [], 4, "Multi-Query Paradox, arXiv 2509.15552; its settings are not known to us")],
        },
        new("bszo", "a Kalman filter over a step's directions (2026): 3 forward passes, no state", s => Sgd(s, new Bszo(s)))
        {
            Queries = 2,
            Sides = [1, 2],
            RadiusFactor = 0.1,
            Published =
            [
                new("OPT-1.3B", [1e-7, 5e-7, 1e-6, 5e-6, 1e-5], [1e-4], 2, "BSZO, arXiv 2601.01452 (AeonianQuill/BSZO)"),
                new("OPT-13B", [5e-8, 5e-7, 5e-6], [1e-4], 2, "BSZO, arXiv 2601.01452; the ends and the middle of its grid"),
            ],
        },
        new(
            "adalezo",
            "mezo on few layers, drawn by a bandit, with inverse-probability weights (2026): 2 forward passes, no state",
            s => Sgd(s, new AdaLezo(s)))
        {
            MostQueries = 1,
            Published = [new("OPT, Llama", [1e-6], s_usual, 1, "AdaLeZO's scripts, arXiv 2604.18264")],
        },
        new(
            "forward-gradient",
            "the exact derivative along random directions, by forward-mode differentiation (2022): 2 forward passes per query, no state",
            s => Sgd(s, new ForwardGradient(s)))
        {
            Sides = [1],
            RadiusFactor = 0,
            Takes = PassKind.Derivatives,
            Published = [new("small networks", [], [], 1, "Gradients without Backpropagation, arXiv 2202.08587; none of language models")],
        },
        new(
            "agzo",
            "one-sided probes in the subspace of each layer's inputs, which the forward shows (2026): 2 forward passes, 4 bytes per input",
            s => new Agzo(s))
        {
            Sides = [1],
            Directions = [DirectionKind.Gaussian],
            Takes = PassKind.Inputs,
            Published =
            [
                new("the models of its paper", [], [], null, "AGZO, arXiv 2601.17261, not seen by us; its rates and radii are not known"),
            ],
        },
    ];

    /// <summary>The methods that need losses alone, which every device, engine and objective has.</summary>
    internal static IEnumerable<OptimizerMethod> OfLosses => All.Where(m => m.Takes == PassKind.Losses);

    /// <summary>The method of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="own">Methods beside those of the catalog; null for none.</param>
    /// <exception cref="InvalidInputException">There is no such method, or there are two of a name.</exception>
    public static OptimizerMethod Find(string name, IReadOnlyList<OptimizerMethod>? own = null)
    {
        OptimizerMethod[] all = [.. All, .. own ?? []];
        if (all.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { Key: var twice })
        {
            throw new InvalidInputException(
                $"There are two optimizers '{twice}'; another name was expected for the one that the catalog does not have.");
        }

        return Array.Find(all, m => m.Name == name)
            ?? throw new InvalidInputException(
                $"There is no optimizer '{name}'; one of these was expected: {string.Join(", ", all.Select(m => m.Name))}.");
    }

    /// <summary>A record's options of a method, where those that an older one does not say are what they were then.</summary>
    /// <param name="name">The method; one that the catalog does not have has no such options.</param>
    /// <param name="opt">Its own options.</param>
    /// <exception cref="InvalidInputException">They are no pairs.</exception>
    internal static string Recorded(string name, string opt) => All.FirstOrDefault(m => m.Name == name)?.Recorded(opt) ?? opt;

    private static EstimatorOptimizer Sgd(OptimizerSettings s, Estimator estimator) => new(s, estimator, new Sgd(s.WeightDecay));

    private static EstimatorOptimizer MezoMomentum(OptimizerSettings s) =>
        new(s, new Spsa(s), new Momentum(s.Parameters.Trained, s.Options.Number("beta", 0.9, 0, 1), s.WeightDecay));

    private static EstimatorOptimizer ConMezo(OptimizerSettings s)
    {
        var momentum = new ConeMomentum(s);
        return new(s, new ConMezo(s, momentum), momentum);
    }

    private static EstimatorOptimizer MezoAdam(OptimizerSettings s)
    {
        double beta1 = s.Options.Number("beta1", 0.9, 0, 0.999999);
        double beta2 = s.Options.Number("beta2", 0.999, 0, 0.999999);
        return new(s, new Spsa(s), new Adam(s.Parameters.Trained, beta1, beta2, s.Options.Number("delta", 1e-8, 0), s.WeightDecay));
    }

    private static EstimatorOptimizer CurvZo(OptimizerSettings s) =>
        Sgd(s, s.Options.Choice("blocks", ["tensor", "element"]) == "tensor" ? new CurvZo(s) : new CurvZoElements(s));

    private static Optimizer Loren(OptimizerSettings s) =>
        s.Options.Flag("source", standard: true)
            ? new LorenSource(s)
            : new EstimatorOptimizer(s, new Loren(s), Momentum.OfMatrices(s));

    private static Optimizer KerZoo(OptimizerSettings s) => s.Options.Flag("source") ? new KerZooSource(s) : Sgd(s, new KerZoo(s));
}
