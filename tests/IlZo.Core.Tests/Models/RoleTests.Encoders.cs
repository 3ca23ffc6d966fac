namespace IlZo.Core.Tests.Models;

/// <summary>What the tensors of encoders are.</summary>
public sealed partial class RoleTests
{
    private const string Roberta = """
        embeddings.word_embeddings.weight token-embedding
        embeddings.position_embeddings.weight position-embedding
        embeddings.token_type_embeddings.weight token-type-embedding
        embeddings.LayerNorm.weight norm
        embeddings.LayerNorm.bias norm bias
        encoder.layer.N.attention.self.query.weight query
        encoder.layer.N.attention.self.query.bias query bias
        encoder.layer.N.attention.self.key.weight key
        encoder.layer.N.attention.self.key.bias key bias
        encoder.layer.N.attention.self.value.weight value
        encoder.layer.N.attention.self.value.bias value bias
        encoder.layer.N.attention.output.dense.weight attention-output
        encoder.layer.N.attention.output.dense.bias attention-output bias
        encoder.layer.N.attention.output.LayerNorm.weight norm
        encoder.layer.N.attention.output.LayerNorm.bias norm bias
        encoder.layer.N.intermediate.dense.weight mlp-up
        encoder.layer.N.intermediate.dense.bias mlp-up bias
        encoder.layer.N.output.dense.weight mlp-down
        encoder.layer.N.output.dense.bias mlp-down bias
        encoder.layer.N.output.LayerNorm.weight norm
        encoder.layer.N.output.LayerNorm.bias norm bias

        """;

    private const string BertHead = """
        cls.predictions.transform.dense.weight head
        cls.predictions.transform.dense.bias head bias
        cls.predictions.transform.LayerNorm.weight norm
        cls.predictions.transform.LayerNorm.bias norm bias
        cls.predictions.bias head bias
        """;

    private const string Classifier = """
        classifier.weight head
        classifier.bias head bias

        """;

    private const string Pooler = """
        pooler.dense.weight head
        pooler.dense.bias head bias
        """;

    private const string DistilBert = """
        embeddings.word_embeddings.weight token-embedding
        embeddings.position_embeddings.weight position-embedding
        embeddings.LayerNorm.weight norm
        embeddings.LayerNorm.bias norm bias
        layer.N.attention.q_lin.weight query
        layer.N.attention.q_lin.bias query bias
        layer.N.attention.k_lin.weight key
        layer.N.attention.k_lin.bias key bias
        layer.N.attention.v_lin.weight value
        layer.N.attention.v_lin.bias value bias
        layer.N.attention.out_lin.weight attention-output
        layer.N.attention.out_lin.bias attention-output bias
        layer.N.sa_layer_norm.weight norm
        layer.N.sa_layer_norm.bias norm bias
        layer.N.ffn.lin1.weight mlp-up
        layer.N.ffn.lin1.bias mlp-up bias
        layer.N.ffn.lin2.weight mlp-down
        layer.N.ffn.lin2.bias mlp-down bias
        layer.N.output_layer_norm.weight norm
        layer.N.output_layer_norm.bias norm bias

        """;

    private const string DistilBertHead = """
        vocab_transform.weight head
        vocab_transform.bias head bias
        vocab_layer_norm.weight norm
        vocab_layer_norm.bias norm bias
        vocab_projector.bias head bias
        """;

    private const string DistilBertClasses = """
        pre_classifier.weight head
        pre_classifier.bias head bias
        """;

    private const string RobertaHead = """
        lm_head.dense.weight head
        lm_head.dense.bias head bias
        lm_head.layer_norm.weight norm
        lm_head.layer_norm.bias norm bias
        lm_head.bias head bias
        """;

    private const string RobertaClasses = """
        classifier.dense.weight head
        classifier.dense.bias head bias
        classifier.out_proj.weight head
        classifier.out_proj.bias head bias
        """;
}
