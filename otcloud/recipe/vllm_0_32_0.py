"""The options of `vllm serve` 0.32.0, by what they take, and the values of those that have a list of them.

Written by .ci/vllm_table.py from the real parser; do not edit. tests/contract/test_vllm_options.py compares the two.
"""

OPTIONS = {
    "config": """
        attention_config aux_output_config compilation_config ec_manager_config ec_transfer_config engram_config
        eplb_config fault_tolerance_config ir_op_priority kernel_config kv_events_config kv_transfer_config
        logging_config pooler_config profiler_config quantization_config reasoning_config structured_outputs_config
        weight_transfer_config
    """,
    "flag": "aggregate_engine_logging data_parallel_multi_port_external_lb disable_log_stats grpc headless",
    "json": """
        allowed_headers allowed_methods allowed_origins custom_histogram_buckets default_chat_template_kwargs
        default_mm_loras diffusion_config limit_mm_per_prompt media_io_kwargs mm_processor_kwargs
        model_class_overrides override_generation_config speculative_config watermark_config
    """,
    "json or text": "additional_config hf_overrides model_loader_extra_config pt_load_map_location",
    "number": """
        cpu_offload_gb dp_supervisor_probe_interval_s dp_supervisor_probe_timeout_s gpu_memory_utilization
        kv_cache_metrics_sample kv_offloading_size mm_encoder_fp8_scale_save_margin mm_ipc_gpu_memory_gb
        mm_processor_cache_gb video_pruning_rate watermark
    """,
    "repeat": "middleware",
    "size": """
        kv_cache_memory_bytes max_model_len max_num_batched_tokens max_num_queued_tokens max_num_scheduled_tokens
        safetensors_prefetch_block_size
    """,
    "switch": """
        allow_credentials allow_deprecated_quantization async_scheduling cohere_is_reasoning_model cudagraph_metrics
        data_parallel_external_lb data_parallel_hybrid_lb dcp_q_replicate disable_cascade_attn
        disable_chunked_mm_input disable_custom_all_reduce disable_fastapi_docs disable_hybrid_kv_cache_manager
        disable_nccl_for_dp_synchronization disable_sliding_window disable_uvicorn_access_log enable_auto_tool_choice
        enable_batch_sharded_sampling enable_chunked_prefill enable_cumem_allocator enable_dbo enable_elastic_ep
        enable_ep_weight_filter enable_eplb enable_expert_parallel enable_fault_tolerance
        enable_flash_late_interaction enable_flashinfer_autotune enable_force_include_usage enable_hc_sp
        enable_layerwise_nvtx_tracing enable_log_deltas enable_log_outputs enable_log_requests
        enable_logging_iteration_details enable_lora enable_mamba_cache_stochastic_rounding
        enable_mamba_shared_prefix_checkpoint enable_mfu_metrics enable_mixed_moe_lora_format enable_mm_embeds
        enable_moe_shared_loras enable_nccl_comm_suspend enable_offline_docs enable_per_request_metrics
        enable_prefix_caching enable_prompt_embeds enable_prompt_tokens_details enable_request_id_headers
        enable_return_routed_experts enable_scale_out enable_server_load_tracking enable_shm_tensor_arena
        enable_sleep_mode enable_ssl_refresh enable_tokenizer_info_endpoint enable_tower_connector_lora
        enable_trace_replay enforce_eager exclude_tools_when_tool_choice_none fail_on_environ_validation
        fully_sharded_loras interleave_mm_strings jit_monitor_verbose kv_cache_metrics kv_sharing_fast_prefill
        language_model_only log_error_stack long_prefill_token_threshold_adaptive mm_device_do_normalize
        mm_encoder_only numa_bind ray_workers_use_nsight return_sampling_mask return_tokens_as_token_ids
        scheduler_reserve_full_isl skip_mm_profiling skip_tokenizer_init sleep_mode_offload_cudagraph
        specialize_active_lora swa_bounded_replay tokens_only trust_remote_code trust_request_chat_template
        trust_request_mm_kwargs use_fp64_gumbel use_replayssm use_tqdm_on_load
    """,
    "text": """
        all2all_backend allowed_local_media_path anthropic_disabled_thinking_effort attention_backend chat_template
        chat_template_content_format code_revision cohere_format config config_format convert data_parallel_address
        data_parallel_backend dcp_comm_backend device_ids disable_access_log_for_endpoints
        distributed_executor_backend download_dir dtype expert_placement_strategy fingerprint_mode fingerprint_value
        gdn_prefill_backend generation_config hf_config_path hf_token host io_processor_plugin jit_monitor_mode
        kda_decode_backend kda_prefill_backend kv_cache_dtype kv_offloading_backend linear_backend load_format
        log_config_file log_level logprobs_mode lora_dtype mamba_backend mamba_cache_dtype mamba_cache_mode
        mamba_ssm_cache_dtype mamba_ssu_algorithm master_addr mm_encoder_attn_backend mm_encoder_attn_dtype
        mm_encoder_fp8_scale_path mm_encoder_fp8_scale_save_path mm_encoder_tp_mode mm_hasher_algorithm
        mm_processor_cache_type mm_processor_device mm_tensor_ipc model model_impl moe_backend offload_backend
        optimization_level otlp_traces_endpoint per_request_spec_decode_metrics performance_mode
        prefix_caching_hash_algo quantization reasoning_parser reasoning_parser_plugin response_role revision
        root_path runner safetensors_load_strategy scheduler_cls scheduling_policy show_hidden_metrics_for_version
        sparse_indexer_topk_backend spec_method spec_model ssl_ca_certs ssl_certfile ssl_ciphers ssl_keyfile tokenizer
        tokenizer_mode tokenizer_revision tool_call_parser tool_parser_plugin tool_server tool_strict_level uds
        uvicorn_log_level video_pruning_method worker_cls worker_extension_cls
    """,
    "texts": """
        allowed_media_domains api_key collect_detailed_traces cpu_offload_params ignore_patterns
        kv_cache_dtype_skip_layers logits_processors lora_modules lora_target_modules numa_bind_cpus offload_params
        served_model_name sleep_preserve_parameter_names
    """,
    "whole": """
        api_server_count block_size cp_kv_cache_interleave_size cpu_distributed_timeout_seconds data_parallel_rank
        data_parallel_rpc_port data_parallel_size data_parallel_size_local data_parallel_start_rank
        data_parallel_supervisor_port dbo_decode_token_threshold dbo_prefill_token_threshold
        dcp_kv_cache_interleave_size decode_context_parallel_size distributed_timeout_seconds
        dp_supervisor_probe_failure_threshold dp_sync_interval elastic_ep_max_dp_size grpc_port h11_max_header_count
        h11_max_incomplete_event_size long_prefill_token_threshold mamba_block_size mamba_cache_philox_rounds
        master_port max_cpu_loras max_cudagraph_capture_size max_log_len max_logprobs max_lora_cls_labels
        max_lora_rank max_loras max_num_active_seqs max_num_queued_reqs max_num_seqs max_parallel_loading_workers
        mm_shm_cache_max_object_size_mb nnodes node_rank num_gpu_blocks_override offload_group_size
        offload_num_in_group offload_prefetch_step pipeline_parallel_size port prefill_context_parallel_size
        prefill_schedule_interval prefix_cache_retention_interval prefix_match_unit renderer_num_workers
        replayssm_buffer_len safetensors_prefetch_num_threads seed shutdown_timeout spec_tokens
        sse_keep_alive_interval ssl_cert_reqs stream_interval tensor_parallel_size ubatch_size
    """,
    "wholes": "cudagraph_capture_sizes numa_bind_nodes",
}

CHOICES = {
    "all2all_backend": """
        allgather_reducescatter deepep_high_throughput deepep_low_latency deepep_v2 flashinfer_all2allv
        flashinfer_nvlink_one_sided flashinfer_nvlink_two_sided moonep mori_high_throughput mori_low_latency naive
        nixl_ep pplx
    """,
    "anthropic_disabled_thinking_effort": "auto high low max medium none xhigh",
    "chat_template_content_format": "auto openai string",
    "collect_detailed_traces": "all model worker",
    "convert": "auto classify embed none",
    "dcp_comm_backend": "a2a ag_rs",
    "dtype": "auto bfloat16 float float16 float32 half",
    "expert_placement_strategy": "linear round_robin",
    "fingerprint_mode": "custom full hash none",
    "gdn_prefill_backend": "aiter_flydsl cutedsl flashinfer triton",
    "jit_monitor_mode": "error warn",
    "kda_decode_backend": "auto flashinfer native triton",
    "kda_prefill_backend": "auto flashinfer flashkda fused triton",
    "kv_cache_dtype": """
        auto bfloat16 float16 fp8 fp8_ds_mla fp8_e4m3 fp8_e5m2 fp8_inc fp8_per_token_head int4_per_token_head
        int8_per_token_head nvfp4 nvfp4_4over6 nvfp4_ds_mla turboquant_3bit_nc turboquant_4bit_nc turboquant_k3v4_nc
        turboquant_k8v4 ultraquant_4bit
    """,
    "kv_offloading_backend": "lmcache native",
    "linear_backend": """
        aiter auto b12x conch cutlass deep_gemm emulation exllama fbgemm flashinfer_b12x flashinfer_cudnn
        flashinfer_cutedsl flashinfer_cutlass flashinfer_trtllm humming machete marlin torch triton xpu xpu_woq
    """,
    "log_level": "CRITICAL DEBUG ERROR INFO NOTSET WARNING",
    "logprobs_mode": "processed_logits processed_logprobs raw_logits raw_logprobs",
    "lora_dtype": "auto bfloat16 float16",
    "mamba_cache_dtype": "auto bfloat16 float16 float32",
    "mamba_cache_mode": "align none",
    "mamba_ssm_cache_dtype": "auto bfloat16 float16 float32",
    "mamba_ssu_algorithm": "auto horizontal simple vertical",
    "max_lora_rank": "1 8 16 32 64 128 256 320 512",
    "mm_encoder_attn_dtype": "fp8",
    "mm_encoder_tp_mode": "data weights",
    "mm_hasher_algorithm": "blake3 sha256 sha512",
    "mm_processor_cache_type": "lru shm",
    "mm_tensor_ipc": "direct_rpc torch_shm",
    "moe_backend": """
        aiter aiter_mega_moe aiter_triton_mxfp4_bf16 auto b12x batched_triton cutlass deep_gemm deep_gemm_mega_moe
        emulation flashinfer_b12x flashinfer_cutedsl flashinfer_cutlass flashinfer_moe_ep_cutedsl
        flashinfer_moe_ep_mega_deep_gemm flashinfer_trtllm flydsl hpc humming marlin rdna3 triton triton_unfused
    """,
    "offload_backend": "auto prefetch uva",
    "per_request_spec_decode_metrics": "detailed none summary",
    "performance_mode": "balanced interactivity throughput",
    "prefix_caching_hash_algo": "sha256 sha256_cbor xxhash xxhash_cbor",
    "quantization": """
        auto_awq auto_gptq awq awq_marlin compressed-tensors deepseek_v4_fp8 experts_int8 fbgemm_fp8 fp8 fp8_per_block
        fp8_per_channel fp8_per_tensor fp_quant gpt_oss_mxfp4 gptq gptq_marlin humming inc
        int8_per_channel_weight_only modelopt modelopt_fp4 modelopt_mixed modelopt_mxfp8 moe_wna16 mxfp4 mxfp8
        nvfp4_per_token online quark torchao
    """,
    "reasoning_parser": """
        cohere_command3 cohere_command4 deepseek_r1 deepseek_v3 deepseek_v4 deepseek_v41 ernie45 gemma4 glm45 glm47
        granite granite_thinking_parser hf holo2 hunyuan_a13b hy_v3 hy_v4 inkling k2_horizon kimi_k2 kimi_k3 ling3
        mimo minicpmv minimax_m2 minimax_m2_append_think minimax_m3 mistral muse_glimmer nemotron_v3 olmo3
        openai_gptoss plamo3 poolside_v1 qwen3 seed_oss step3 step3p5
    """,
    "runner": "auto draft generate pooling",
    "safetensors_load_strategy": "eager lazy prefetch torchao",
    "scheduling_policy": "fcfs priority",
    "sparse_indexer_topk_backend": "aiter auto cooperative deep_select flashinfer per_row persistent torch",
    "spec_method": """
        bailing_hybrid_mtp bailing_hybrid_v3_mtp custom_class deepseek_mtp dflash dots3_note_mtp draft_model dspark
        eagle eagle3 ernie_mtp exaone4_5_mtp exaone_moe_mtp extract_hidden_states gemma4_mtp glm4_moe_lite_mtp
        glm4_moe_mtp glm5_next_mtp glm_ocr_mtp hy_v3_mtp hy_v4_mtp inkling_mtp kimi_k3_mtp longcat_flash_mtp medusa
        mimo_mtp mimo_v2_mtp minimax_m3_mtp mlp_speculator mtp nemotron_h_mtp ngram ngram_gpu pangu_ultra_moe_mtp
        qwen3_5_mtp qwen3_next_mtp qwen4_exp_mtp step3p5_mtp suffix
    """,
    "tool_call_parser": """
        apertus cohere_command3 cohere_command4 deepseek_v3 deepseek_v31 deepseek_v32 deepseek_v4 deepseek_v41 dots
        ernie45 functiongemma gemma4 gigachat3 glm45 glm47 granite granite-20b-fc granite4 hermes hf hunyuan_a13b
        hy_v3 hy_v4 inkling internlm jamba k2_horizon kimi_k2 kimi_k3 lfm2 ling3 llama3_json llama4_json
        llama4_pythonic longcat mimo minicpm5 minimax_m2 minimax_m3 mistral muse_glimmer olmo3 openai phi4_mini_json
        plamo3 poolside_v1 pythonic qwen3_coder qwen3_json qwen3_xml seed_oss step3 step3p5 xlam
    """,
    "tool_strict_level": "auto function parameter",
    "uvicorn_log_level": "critical debug error info trace warning",
    "video_pruning_method": "evs vidcom2",
}

ALIASES = {
    "-ac": "attention_config",
    "-asc": "api_server_count",
    "-cc": "compilation_config",
    "-dc": "diffusion_config",
    "-dcp": "decode_context_parallel_size",
    "-dp": "data_parallel_size",
    "-dpa": "data_parallel_address",
    "-dpb": "data_parallel_backend",
    "-dpe": "data_parallel_external_lb",
    "-dph": "data_parallel_hybrid_lb",
    "-dpl": "data_parallel_size_local",
    "-dpm": "data_parallel_multi_port_external_lb",
    "-dpn": "data_parallel_rank",
    "-dpp": "data_parallel_rpc_port",
    "-dpr": "data_parallel_start_rank",
    "-ep": "enable_expert_parallel",
    "-n": "nnodes",
    "-pcp": "prefill_context_parallel_size",
    "-pp": "pipeline_parallel_size",
    "-q": "quantization",
    "-r": "node_rank",
    "-sc": "speculative_config",
    "-tp": "tensor_parallel_size",
    "device_memory_utilization": "gpu_memory_utilization",
}
