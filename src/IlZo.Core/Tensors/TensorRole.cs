namespace IlZo.Tensors;

/// <summary>The parts of a model. Norms that stand inside another part are norms.</summary>
public enum ModelPart
{
    /// <summary>None: variables of test functions, and what benchmarks multiply.</summary>
    None,

    /// <summary>The table of the tokens' embeddings; also where it is the output embedding too.</summary>
    TokenEmbedding,

    /// <summary>The table of the positions' embeddings.</summary>
    PositionEmbedding,

    /// <summary>The table of the embeddings of kinds of texts.</summary>
    TokenTypeEmbedding,

    /// <summary>A linear layer between embeddings and a residual stream of another width.</summary>
    EmbeddingProjection,

    /// <summary>The queries of attention.</summary>
    Query,

    /// <summary>The keys of attention.</summary>
    Key,

    /// <summary>The values of attention.</summary>
    Value,

    /// <summary>The queries, keys and values of attention in one.</summary>
    QueryKeyValue,

    /// <summary>The linear layer on what attention has mixed.</summary>
    AttentionOutput,

    /// <summary>The linear layer of an MLP whose results pass a nonlinearity and multiply those of <see cref="MlpUp"/>.</summary>
    MlpGate,

    /// <summary>The linear layer into an MLP.</summary>
    MlpUp,

    /// <summary>The gate and the layer into an MLP in one.</summary>
    MlpGateUp,

    /// <summary>The linear layer out of an MLP.</summary>
    MlpDown,

    /// <summary>A norm: LayerNorm or RMSNorm, of the residual stream, of heads, of embeddings or in front of the output.</summary>
    Norm,

    /// <summary>
    /// What makes logits, of tokens or of classes: the output embedding that is a tensor of its own, and linear layers before it.
    /// </summary>
    Head,
}

/// <summary>What a tensor is in its part of a model.</summary>
public enum TensorKind
{
    /// <summary>What its input is multiplied by, or a table of embeddings.</summary>
    Weight,

    /// <summary>What is added to results, those of norms included.</summary>
    Bias,

    /// <summary>LoRA's A [rank, in] beside the weight.</summary>
    LoraA,

    /// <summary>LoRA's B [out, rank] beside the weight.</summary>
    LoraB,

    /// <summary>Keys or values in front of every text.</summary>
    Prefix,

    /// <summary>The scales of the blocks that the weight lies in.</summary>
    Scale,
}

/// <summary>What a tensor is, as stated by the model family or the adapter that makes it.</summary>
/// <param name="Part">The part of the model that it belongs to.</param>
/// <param name="Kind">What it is there.</param>
public readonly record struct TensorRole(ModelPart Part, TensorKind Kind = TensorKind.Weight);
