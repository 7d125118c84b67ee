include $(sort $(wildcard $(BR2_EXTERNAL_SUBMIX_PATH)/package/*/*.mk))
